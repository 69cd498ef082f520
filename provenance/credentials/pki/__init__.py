"""X.509 for content credentials: certificate profiles, requests, OCSP responses, RFC 3161 tokens.

Pure: keys, certificates and times in; DER, values or typed errors out. Modules are imported one by one, so that a
verifier loads no more than it needs. Described in docs/pki.md.
"""
