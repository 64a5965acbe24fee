"""The words of a server's answer that may be shown even where it might repeat values of contacts."""

from __future__ import annotations

from typing import Final

PLAIN_WORDS: Final = frozenset(
    """
    a about access action after all allowed already an and any are argument array as at authentication
    authorization authorized bad be because been before body but by can cannot causes client closed
    collection complete completed connection contact contactlist contacts content could created
    credentials custom database deadlock denied did different does duplicate during empty enough entity
    error errors event events exceeded exception exist exists expected expired failed field fieldname
    fieldnames fields finished following for forbidden format found from gateway given grant greater has
    have id if import importing in input instance int integer internal invalid is it items job json key
    large least length less limit list lists login longer many match maximum media message method minimum
    missing model more most must name named names no not null number object occurred of on one only
    operation or out parameter parameters parse password permission permissions please properties property
    read reference request requested required resource response running same schema scope server
    service set size started state string supplied supported temporarily than that the then there this
    time timeout to token too try type types unable unavailable unexpected unknown unsupported upload user
    username valid validation value values was were when while with within would xml
    """.split()  # noqa: SIM905  as literals it would fill a page
)
"""What any server says about a request; no names of people, places or things that a contact could hold."""
