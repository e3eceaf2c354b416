"""The benchmarks under instruction counting measure everything, and no budget is missed."""
import json
import os
import subprocess

import pytest

from conftest import ROOT


@pytest.mark.full
def test_budgets(tmp_path):
    rows_file = tmp_path / "bench.json"
    done = subprocess.run(
        [os.path.join(ROOT, "tools/bench"), "--check", "--instructions", "--sizes", "1G,128G",
         "--json", str(rows_file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(rows_file.read_text())["rows"]
    judged = {(row["measure"], row["size"]) for row in rows if row["budget"] is not None}
    assert ("add", "128G") in judged and ("existing memory eaten", "1G") in judged
    assert ("4 KiB page, all in", None) in judged and len(judged) >= 20
    assert all(row["value"] <= row["budget"] for row in rows if row["budget"] is not None)
