"""The script engine: small programs of designers, each call in a sandboxed process of its own.

`calls` is the door. Outside, `pool`, `zygote` and `worker` keep a child ready and watch it; `inside/` is what
runs there, and imports nothing of ours. docs/scripting.md tells designers what scripts may say, and
docs/decisions/0016 why the walls stand where they stand.
"""

from workflows.scripting.calls import check_script, evaluate_script, run_script
from workflows.scripting.denials import scripts_run_for
from workflows.scripting.errors import ScriptError

__all__ = ["ScriptError", "check_script", "evaluate_script", "run_script", "scripts_run_for"]
