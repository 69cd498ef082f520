// Compiles src/*.sol with the pinned npm solc and writes artifacts/<Contract>.json.
//
//   node build.mjs           compile and write
//   node build.mjs --check   compile and compare with what is committed; exit 1 on any difference
//
// The artifacts are committed, so that installing and testing the Python package needs no node. CI runs `--check`.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const SOLC_VERSION = "0.8.37";
const SETTINGS = {
  evmVersion: "cancun", // OpenZeppelin 5.7 needs mcopy; the compiler's own default moves with each release
  optimizer: { enabled: true, runs: 10_000 },
  outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object", "metadata"] } },
};

const sha256 = (text) => createHash("sha256").update(text, "utf8").digest("hex");

/** A source unit's text: `src/…` is ours, anything else comes from node_modules. */
function readSource(unit) {
  const root = unit.startsWith("src/") ? here : path.join(here, "node_modules");
  return readFileSync(path.join(root, unit), "utf8");
}

function findImport(unit) {
  try {
    return { contents: readSource(unit) };
  } catch (error) {
    return { error: `${unit}: ${error.message}` };
  }
}

/** The compiler's standard JSON output. Throws on any error or warning. */
function compile(solc, units) {
  const sources = Object.fromEntries(units.map((unit) => [unit, { content: readSource(unit) }]));
  const input = { language: "Solidity", sources, settings: SETTINGS };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: findImport }));
  if (output.errors?.length) {
    throw new Error(output.errors.map((error) => error.formattedMessage).join("\n"));
  }
  return output;
}

/** What is committed for one contract. `metadata` is the compiler's own record, for verification services. */
function artifact(name, unit, compiled, compiler) {
  const metadata = JSON.parse(compiled.metadata);
  const units = Object.keys(metadata.sources).sort();
  return {
    contractName: name,
    sourceName: unit,
    compiler,
    settings: { evmVersion: SETTINGS.evmVersion, optimizer: SETTINGS.optimizer },
    sourceSha256: Object.fromEntries(units.map((source) => [source, sha256(readSource(source))])),
    abi: compiled.abi,
    bytecode: "0x" + compiled.evm.bytecode.object,
    deployedBytecode: "0x" + compiled.evm.deployedBytecode.object,
    metadata: compiled.metadata,
  };
}

/** File name -> text of every contract that src/ can deploy. */
function build() {
  const solc = require("solc");
  if (!solc.version().startsWith(`${SOLC_VERSION}+`)) {
    throw new Error(`solc ${SOLC_VERSION} is pinned, but ${solc.version()} is installed: run make setup`);
  }
  const units = readdirSync(path.join(here, "src")).filter((file) => file.endsWith(".sol")).sort();
  const output = compile(solc, units.map((file) => `src/${file}`));
  const files = {};
  for (const file of units) {
    for (const [name, compiled] of Object.entries(output.contracts[`src/${file}`] ?? {})) {
      if (compiled.evm.bytecode.object === "") continue; // an interface
      files[`${name}.json`] = JSON.stringify(artifact(name, `src/${file}`, compiled, solc.version()), null, 2) + "\n";
    }
  }
  return files;
}

/** One line for each committed file that a fresh build would change, add or remove. */
function differences(folder, files) {
  const committed = new Set(readdirSync(folder).filter((file) => file.endsWith(".json")));
  const stale = Object.entries(files).filter(
    ([file, text]) => !committed.has(file) || readFileSync(path.join(folder, file), "utf8") !== text,
  );
  const orphans = [...committed].filter((file) => !(file in files));
  return [...stale.map(([file]) => `${file} differs from its source`), ...orphans.map((file) => `${file} has no source`)];
}

function main(argv) {
  const folder = path.join(here, "artifacts");
  mkdirSync(folder, { recursive: true });
  const files = build();
  if (argv.includes("--check")) {
    const problems = differences(folder, files);
    problems.forEach((problem) => console.error(`contracts/artifacts/${problem}; run: node contracts/build.mjs`));
    if (problems.length) process.exitCode = 1;
    else console.log(`${Object.keys(files).join(", ")}: as committed`);
    return;
  }
  for (const [file, text] of Object.entries(files)) {
    writeFileSync(path.join(folder, file), text);
    console.log(`wrote artifacts/${file}: ${(JSON.parse(text).deployedBytecode.length - 2) / 2} bytes at run time`);
  }
}

main(process.argv.slice(2));
