"""The certificate: a W3C Verifiable Credential 2.0, its proof, its receipts, and its verification in numbered steps."""
