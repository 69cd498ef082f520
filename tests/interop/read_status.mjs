// Read one place of a Bitstring Status List with @digitalbazaar/bitstring, and count the places that are set:
//   node read_status.mjs LIST_FILE INDEX_FILE
import { readFile } from "node:fs/promises";
import { Bitstring } from "@digitalbazaar/bitstring";

const [list, index] = await Promise.all(process.argv.slice(2).map((name) => readFile(name, "utf8")));
const { encodedList } = JSON.parse(list).credentialSubject;
const bits = new Bitstring({ buffer: await Bitstring.decodeBits({ encoded: encodedList.slice(1) }) });
let total = 0;
for (let place = 0; place < bits.length; place++) total += bits.get(place) ? 1 : 0;
console.log(JSON.stringify({ length: bits.length, marked: bits.get(Number(index)), total }));
