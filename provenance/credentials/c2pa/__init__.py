"""C2PA manifests (Content Credentials): what is said, how it is sealed byte for byte, what was read. See docs/c2pa.md.

Pure: `definition` and `conformance` make the statement, `reseal`, `cose`, `boxes` and `store` the bytes, `carriers`
put them into files, `report` names what a validator found, `iscc` makes and compares the fingerprint binding. Signing
and validating need c2pa-rs: `adapters/c2pa`.
"""
