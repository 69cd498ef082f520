// Verify a vc+jwt with jose, given nothing but the token and the published JWK set:
//   node verify_jwt.mjs TOKEN_FILE JWKS_FILE
import { readFile } from "node:fs/promises";
import { createLocalJWKSet, jwtVerify } from "jose";

const [token, keys] = await Promise.all(process.argv.slice(2).map((name) => readFile(name, "utf8")));
try {
  const { payload, protectedHeader } = await jwtVerify(token.trim(), createLocalJWKSet(JSON.parse(keys)), {
    typ: "vc+jwt",
    algorithms: ["Ed25519"],
  });
  console.log(JSON.stringify({ verified: true, payload, protectedHeader }));
} catch (error) {
  console.log(JSON.stringify({ verified: false, code: error.code }));
  process.exitCode = 1;
}
