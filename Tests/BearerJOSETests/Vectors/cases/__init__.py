"""The cases, one module for each subject; a module's name is the directory of its vectors."""

from . import (
    algorithm, audience, authorization, claims, client, escapes, form, good, header, issuer, json_text, keys, order, sender,
    shapes, signature, stepup, scope, times, tightening, type,
)

MODULES = [
    good, form, header, algorithm, type, json_text, escapes, issuer, keys, signature, shapes, times, audience, client, claims,
    sender, stepup, scope, tightening, order, authorization,
]


def add_all(add):
    for module in MODULES:
        directory = module.__name__.rsplit(".", 1)[-1].replace("_", "-")

        def in_directory(name, expect, token, comment, **headers):
            add(f"{directory}/{name}", expect, token, comment, **headers)

        module.cases(in_directory)
