"""A report on a stored check, made by two processes that share nothing but the home folder: the same bytes."""

import re
import subprocess
import sys

import pytest

from provenance.usecases.check import Query
from provenance.wiring import Service
from provenance.wiring.reports import MEDIA_TYPES
from tests.cli import PASSPHRASE, Stock, environment
from tests.service import encoded, scene, service_settings

pytestmark = [pytest.mark.integration, pytest.mark.slow]

PROGRAM = f"""
import hashlib, pathlib, sys
from provenance.wiring import Service
from provenance.wiring.reports import MEDIA_TYPES, rendered
from tests.service import service_settings
with Service(service_settings(pathlib.Path(sys.argv[1]), key_passphrase={PASSPHRASE!r})) as service:
    service.start()
    check = service.kept.get(sys.argv[2], owner=None)
    query = service.images.read(service.kept.picture(check))
    report = service.report(check, query=query, viewer=None)
    assert report.findings[0].overlay is not None
    for form in MEDIA_TYPES:
        print(form, hashlib.sha256(rendered(report, form, "zh")).hexdigest())
"""


def test_two_processes_make_the_same_report(stock: Stock) -> None:
    with Service(service_settings(stock.home, key_passphrase=PASSPHRASE)) as service:
        service.start()
        cropped = encoded(scene(0)[6:250, 8:312], "JPEG", quality=80)
        check = service.check(Query(data=cropped, owner="ann", keep=True))
    made = []
    for seed in ("1", "2"):
        command = [sys.executable, "-c", PROGRAM, str(stock.home), check.id]
        variables = environment({"PYTHONHASHSEED": seed, "TZ": f"X{seed}"})
        done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        made.append(done.stdout)
    assert made[0] == made[1]
    assert len(set(re.findall(r"[0-9a-f]{64}", made[0]))) == len(MEDIA_TYPES)
