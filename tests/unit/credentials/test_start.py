"""`provenance verify` has to start at once: what it imports stays small."""

import subprocess
import sys

HEAVY = ("numpy", "pydantic", "httpx", "sqlmodel", "fastapi", "web3", "faiss", "torch", "Crypto", "index", "generators")


def test_verifying_imports_nothing_heavy():
    program = f"import sys, provenance.credentials; print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
