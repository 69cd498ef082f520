// Verify an eddsa-jcs-2022 proof (vc-di-eddsa, section 3.3) with canonicalize (RFC 8785) and node's own cryptography:
//   node verify_proof.mjs CREDENTIAL_FILE [DID_DOCUMENT_FILE]
// The key is that of the DID document, else the one inside a did:key.
import { createHash, createPublicKey, verify } from "node:crypto";
import { readFile } from "node:fs/promises";
import canonicalize from "canonicalize";

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const SPKI = Buffer.from("302a300506032b6570032100", "hex"); // SubjectPublicKeyInfo of Ed25519 (RFC 8410), up to the key

function fromMultibase(text) {
  if (text[0] !== "z") throw new Error("not base58btc");
  let number = 0n;
  for (const character of text.slice(1)) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) throw new Error("not base58btc");
    number = number * 58n + BigInt(digit);
  }
  const hex = number.toString(16);
  return Buffer.from(hex.length % 2 ? `0${hex}` : hex, "hex");
}

function multikey(method, document) {
  if (!document) return method.split("#")[1];
  if (!document.assertionMethod.includes(method)) throw new Error("not a method for assertions");
  return document.verificationMethod.find((known) => known.id === method).publicKeyMultibase;
}

function sha256(value) {
  return createHash("sha256").update(canonicalize(value)).digest();
}

const [credential, document] = await Promise.all(
  process.argv.slice(2).map(async (name) => JSON.parse(await readFile(name, "utf8"))),
);
let verified = false;
try {
  const { proof, ...unsecured } = credential;
  const { proofValue, ...configuration } = proof;
  if (configuration.type !== "DataIntegrityProof" || configuration.cryptosuite !== "eddsa-jcs-2022") {
    throw new Error("another suite");
  }
  const key = fromMultibase(multikey(configuration.verificationMethod, document));
  if (key.length !== 34 || key[0] !== 0xed || key[1] !== 0x01) throw new Error("not an Ed25519 Multikey");
  const publicKey = createPublicKey({ key: Buffer.concat([SPKI, key.subarray(2)]), format: "der", type: "spki" });
  const data = Buffer.concat([sha256(configuration), sha256(unsecured)]);
  verified = verify(null, data, publicKey, fromMultibase(proofValue));
  console.log(JSON.stringify({ verified }));
} catch (error) {
  console.log(JSON.stringify({ verified: false, reason: error.message }));
}
process.exitCode = verified ? 0 : 1;
