"""Converters of XML (upstream: func_*_xml.go). Neither entities nor the network are followed."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from lxml import etree

from collector.ottl.plain import getters
from collector.ottl.plain.function import TEXT_TARGET, ArgumentError, Constants, Parameter, Registry
from collector.ottl.plain.kinds import EvaluationError

XML = Registry()
_DECLARATION = re.compile(r"\s*(<\?xml\s[^>]*\?>)")
_ROOT = "_"
Node = Any
"""An element of lxml."""


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, strip_cdata=False)


def _opened(text: str) -> tuple[str, Node]:
    """The declaration, and an element that holds all that stands at the top: there may be several roots, or none."""
    declaration = _DECLARATION.match(text)
    body = text[declaration.end() :] if declaration else text
    try:
        root = etree.fromstring(f"<{_ROOT}>{body}</{_ROOT}>".encode(), _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise EvaluationError(f"parse xml: {error}") from None
    return declaration.group(1) if declaration else "", root


def _closed(declaration: str, root: Node) -> str:
    return declaration + _inner(root)


def _inner(root: Node) -> str:
    """Elements have an end of their own, `<a></a>`, as upstream writes them."""
    for element in root.iter():
        if isinstance(element.tag, str) and not element.text and not len(element):
            element.text = ""
    whole: str = etree.tostring(root, encoding="unicode", with_tail=False)
    return whole[len(f"<{_ROOT}>") : -len(f"</{_ROOT}>")] if whole != f"<{_ROOT}/>" else ""


@lru_cache(512)
def _xpath(expression: str) -> etree.XPath:
    """From the top: `/a` is an element at the top of the text."""
    rooted = re.sub(r"(^|\|)\s*/(?!/)", rf"\g<1>/{_ROOT}/", expression)
    rooted = rf"/{_ROOT}" if rooted == f"/{_ROOT}/" else rooted
    try:
        return etree.XPath(rooted)
    except etree.XPathSyntaxError as error:
        raise EvaluationError(f"invalid xpath {expression!r}: {error}") from None


def _selected(root: Node, expression: str) -> list[Any]:
    found = _xpath(expression)(root)
    return found if isinstance(found, list) else []


def _xpath_known(constants: Constants) -> None:
    if isinstance(expression := constants.get("xpath"), str) and expression:
        try:
            _xpath(expression)
        except EvaluationError as error:
            raise ArgumentError("xpath", str(error)) from None


_XPATH = Parameter("xpath", getters.string)
_ANY_XPATH = Parameter("xpath", getters.string, optional=True, default="")


@XML.add("GetXML", TEXT_TARGET, _XPATH, check=_xpath_known)
def _get_xml(text: str, xpath: str) -> str:
    _, root = _opened(text)
    found = []
    for node in _selected(root, xpath):
        if isinstance(node, etree._Element) and isinstance(node.tag, str):
            holder = etree.Element(_ROOT)
            holder.append(_copied(node))
            found.append(_inner(holder) if node is not root else _inner(node))
    return "".join(found)


def _copied(node: Node) -> Node:
    return etree.fromstring(etree.tostring(node, with_tail=False), _parser())


@XML.add("RemoveXML", TEXT_TARGET, _XPATH, check=_xpath_known)
def _remove_xml(text: str, xpath: str) -> str:
    declaration, root = _opened(text)
    for node in _selected(root, xpath):
        _remove(node)
    return _closed(declaration, root)


def _remove(node: Any) -> None:
    parent = node.getparent()
    if parent is None:
        return
    if isinstance(node, str):  # a text or the value of an attribute
        if getattr(node, "is_attribute", False):
            parent.attrib.pop(getattr(node, "attrname", ""), None)
        elif getattr(node, "is_tail", False):
            parent.tail = None
        else:
            parent.text = None
        return
    _keep_tail(node)
    parent.remove(node)


def _keep_tail(node: Node) -> None:
    if not node.tail:
        return
    before = node.getprevious()
    if before is not None:
        before.tail = (before.tail or "") + node.tail
    else:
        parent = node.getparent()
        parent.text = (parent.text or "") + node.tail
    node.tail = None


@XML.add("InsertXML", TEXT_TARGET, _XPATH, Parameter("SubDocument", getters.string), check=_xpath_known)
def _insert_xml(text: str, xpath: str, inner: str) -> str:
    declaration, root = _opened(text)
    for node in _selected(root, xpath):
        if not isinstance(node, etree._Element) or not isinstance(node.tag, str):
            raise EvaluationError("InsertXML xpath selected something that is no element")
        _, given = _opened(inner)
        if given.text:
            _append_text(node, given.text)
        for child in list(given):
            node.append(child)
    return _closed(declaration, root)


def _append_text(node: Node, text: str) -> None:
    if len(node):
        node[-1].tail = (node[-1].tail or "") + text
    else:
        node.text = (node.text or "") + text


@XML.add("ConvertAttributesToElementsXML", TEXT_TARGET, _ANY_XPATH, check=_xpath_known)
def _attributes_to_elements(text: str, xpath: str) -> str:
    declaration, root = _opened(text)
    for value in _selected(root, xpath or "//@*"):
        if isinstance(value, str) and getattr(value, "is_attribute", False):
            parent, name = value.getparent(), value.attrname  # type: ignore[attr-defined]
            if parent.attrib.pop(name, None) is not None:
                etree.SubElement(parent, name).text = str(value)
    return _closed(declaration, root)


@XML.add(
    "ConvertTextToElementsXML",
    TEXT_TARGET,
    _ANY_XPATH,
    Parameter("elementName", getters.string, optional=True, default="value"),
    check=_xpath_known,
)
def _text_to_elements(text: str, xpath: str, name: str) -> str:
    declaration, root = _opened(text)
    for node in _selected(root, xpath or "//*"):
        if isinstance(node, etree._Element) and isinstance(node.tag, str) and node is not root and len(node):
            _wrap_texts(node, name or "value")
    return _closed(declaration, root)


def _wrap_texts(node: Node, name: str) -> None:
    """Texts that stand beside elements become elements."""
    for child in list(node):
        if child.tail and child.tail.strip():
            made = etree.Element(name)
            made.text, child.tail = child.tail, None
            node.insert(node.index(child) + 1, made)
    if node.text and node.text.strip():
        made = etree.Element(name)
        made.text, node.text = node.text, None
        node.insert(0, made)


@XML.add("ParseXML", TEXT_TARGET, costly=True)
def _parse_xml(text: str) -> dict[str, Any]:
    _, root = _opened(text)
    elements = [node for node in root if isinstance(node.tag, str)]
    if len(elements) != 1 or _texts(root).strip():
        raise EvaluationError("trailing bytes after parsing xml" if elements else "no element in the xml")
    return _described(elements[0])


def _described(node: Node) -> dict[str, Any]:
    found: dict[str, Any] = {"tag": _local(node.tag)}
    if node.attrib:
        found["attributes"] = {_local(name): value for name, value in node.attrib.items()}
    content = "".join(piece.strip() for piece in _pieces(node))
    if content:
        found["content"] = content
    children = [_described(child) for child in node if isinstance(child.tag, str)]
    if children:
        found["children"] = children
    return found


def _pieces(node: Node) -> list[str]:
    return [node.text or "", *(child.tail or "" for child in node)]


def _texts(node: Node) -> str:
    return "".join(_pieces(node))


def _local(name: str) -> str:
    return name.rpartition("}")[2]


@XML.add("ParseSimplifiedXML", TEXT_TARGET, costly=True)
def _parse_simplified_xml(text: str) -> dict[str, Any]:
    _, root = _opened(text)
    return _simplified(root) or {}


def _simplified(node: Node) -> dict[str, Any] | None:
    """Elements by name; texts beside elements, attributes and what is empty are left out; several of a name are a list."""
    found: dict[str, Any] = {}
    several: set[str] = set()
    for child in node:
        if not isinstance(child.tag, str):
            continue
        name = _local(child.tag)
        value = _value(child)
        if name in several:
            if value is not None:
                found[name].append(value)
        elif name in found or sum(1 for one in node if isinstance(one.tag, str) and _local(one.tag) == name) > 1:
            several.add(name)
            found[name] = [] if value is None else [value]
        elif value is not None:
            found[name] = value
    return {name: value for name, value in found.items() if value != []} or None


def _value(node: Node) -> Any:
    if any(isinstance(child.tag, str) for child in node):
        return _simplified(node)
    text = _texts(node).strip()
    return text or None
