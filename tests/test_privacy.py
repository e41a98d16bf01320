"""Nothing leaves the machine unasked: not even through the libraries that compute here."""

import subprocess
import sys

import pytest

CODE = """
import sys
import doppelganger, {module}
import openvino
print(sorted(name for name, module in sys.modules.items() if name.startswith("openvino_telemetry") and module))
print(openvino.tools.ovc.telemetry_utils.tm.__name__)
"""


@pytest.mark.parametrize("module", ["doppelganger.networks", "doppelganger.cli.app"])
def test_openvino_does_not_report_its_use(module: str) -> None:
    """Its analytics package is installed with it, and would be imported, and would send."""
    code = CODE.format(module=module)
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    assert out == ["[]", "openvino.tools.ovc.telemetry_stub"]


def test_a_package_that_somebody_else_has_imported_is_left_alone() -> None:
    code = (
        "import sys, types; sys.modules['openvino_telemetry'] = m = types.ModuleType('m'); "
        "import doppelganger; assert sys.modules['openvino_telemetry'] is m"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
