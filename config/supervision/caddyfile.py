"""The front door's configuration: one address for pages, sockets and static files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Door:
    """Where the door is and what stands behind it."""

    host: str
    port: int
    web_port: int
    live_port: int
    static_root: Path
    folder: Path


TEMPLATE = """\
{{
	admin off
	auto_https off
	persist_config off
	grace_period 5s
	storage file_system "{folder}/caddy"
	servers {{
		protocols h1
	}}
	log default {{
		# Failed requests are logged with their address, and an address may carry a patient's name.
		exclude http.log.error
	}}
}}

http://:{port} {{
	bind {host}
	header -Server

	handle /ws/* {{
		reverse_proxy 127.0.0.1:{live_port}
	}}

	handle_path /static/* {{
		root * "{static_root}"
		encode zstd gzip
		header X-Content-Type-Options nosniff
		# Names with a hash of the content never change their content.
		@hashed path_regexp \\.[0-9a-f]{{12}}\\.[a-z0-9]+$
		header @hashed Cache-Control "public, max-age=31536000, immutable"
		header ?Cache-Control "no-cache"
		file_server
	}}

	handle {{
		encode zstd gzip
		reverse_proxy 127.0.0.1:{web_port}
	}}
}}
"""


def render(door: Door) -> str:
    """The Caddyfile. Security headers of pages are Django's; the administration port stays shut."""
    return TEMPLATE.format(
        host=door.host, port=door.port, web_port=door.web_port, live_port=door.live_port,
        static_root=door.static_root, folder=door.folder,
    )  # fmt: skip


def write(door: Door) -> Path:
    """Render to a file that the door can be started with."""
    door.folder.mkdir(parents=True, exist_ok=True)
    caddyfile = door.folder / "Caddyfile"
    caddyfile.write_text(render(door))
    return caddyfile
