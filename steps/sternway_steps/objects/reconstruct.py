"""Reconstructs how an object was right after a run's apply, when the record of that is lost."""

from __future__ import annotations

from enum import Enum, auto

from .fields import minus
from .states import States
from .tree import ABSENT, Items, Map, Tree, same


class Author(Enum):
    """Who changed a field from what it was before the run to what it is now."""

    RUN = auto()
    OTHERS = auto()
    NOBODY_KNOWN = auto()
    """It was not changed, or nobody owns it: a default, or what the server or admission made of something else."""


def reconstruct(field: States) -> Tree:
    """Return what a field was right after the run's apply; `field.after` is not read.

    Where live differs from before, the owners of the field tell who changed it. The server takes a field away from
    its manager when somebody else changes it, and removes what a manager applied and no longer lists.

    | applied | owners before  | live   | owners live      | changed by | so after it was                        |
    |---------|----------------|--------|------------------|------------|----------------------------------------|
    | any     | any            | before | any              | nobody     | as live                                |
    | no, an item | ours alone | any    | others           | others     | absent: they made it again             |
    | any     | any            | other  | ours (and more)  | the run    | as live                                |
    | yes     | any            | other  | others           | others     | as applied                             |
    | yes     | any            | other  | nobody           | the run    | as live (the server's form of it)      |
    | yes, as before | any     | other  | nobody           | others     | as before: they gave it up again       |
    | yes     | any            | absent | -                | others     | as applied                             |
    | no      | ours alone     | absent | -                | the run    | absent: it was no longer listed        |
    | no      | ours alone     | other  | others           | others     | absent: it was no longer listed        |
    | no      | ours alone     | other  | nobody           | the run    | as live: the default in its place      |
    | no      | others         | absent | -                | others     | as before                              |
    | no      | others, nobody | other  | others           | others     | as before                              |
    | no      | others         | other  | nobody           | others     | as before                              |
    | no      | nobody         | other, absent | nobody    | whoever changed a field beside it, next above, and so on; |
    |         |                |        |                  | one that came or went: the run, if `stored` is alike, and |
    |         |                |        |                  | not others alone changed something in the spec            |
    | no, in what the run brought | absent | as `stored` | any | the run | as live                               |

    One number of replicas that nobody owns was scaled by others, but for the default 1 (see `States.scaled`).
    Where somebody has removed the managedFields, nobody owns anything: what is not in `stored` is of others then.
    "As applied" is as before where the manifest says what was there already. What the server stores for it, and the
    default for what is absent, is in `field.stored`, if that was asked. What is applied over by an earlier
    attempt of the same run is ours too.
    """
    return _after(field, True)


def _after(field: States, nearby: bool, around: bool = True) -> Tree:
    """`nearby`: what nobody owns was changed by the run, for it changed something beside it.

    `around`: the run changed something in the same part of the object (its spec), or nobody is known to have.
    """
    if field.is_item and field.applied is ABSENT and _was_only_ours(field) and _is_made_again(field):
        return ABSENT  # the run no longer listed it
    if same(field.before, field.live):
        removed = field.live is ABSENT and not field.owned_live.by_us
        return field.stored if removed and field.applied is not ABSENT else field.live
    kind = field.kind_without_after
    if kind is None:
        return _whole(field, nearby)
    if not any(isinstance(state, kind) and state for state in (field.before, field.live, field.applied)):
        return _whole(field, nearby)
    if field.live is ABSENT and isinstance(field.applied, kind) and field.applied:
        return _as_left(field, kind) if _is_owned(field.applied) or not _was_only_ours(field) else ABSENT
    beside = _authors(field)
    around = _is_around(field, beside, around)
    if field.before is ABSENT and isinstance(field.applied, kind):
        nearby = True  # the run brought it: what nobody owns in it are defaults of that
    elif field.before is ABSENT and field.applied is ABSENT and _is_of_others(field):
        nearby = False  # so did others
    elif beside:
        nearby = Author.RUN in beside
    node = kind()
    for part in field.parts():
        by_run = around and _explained_by_stored(field, part, nearby)
        value = part.live if _is_made(field, part) else _after(part, by_run, around)
        if value is not ABSENT:
            node[part.path[-1]] = value
    if not node and (field.live is ABSENT or (field.before is ABSENT and not isinstance(field.applied, kind))):
        return ABSENT
    return _in_order(node, field) if isinstance(node, Items) else node


def _is_around(field: States, beside: set[Author], above: bool) -> bool:
    return Author.RUN in beside if beside and len(field.path) <= 1 else above


def unexplained(field: States, brought: bool = False) -> bool:
    """Return whether the server has to be asked what it makes of a new object from the run's manifest.

    So it is when something came or went that nobody owns, in a map or list that existed and exists; or when others own
    something that may be a default in what the run `brought`.
    """
    if field.stripped:
        return not same(field.before, field.live)
    if brought and field.applied is ABSENT:
        return field.live is not ABSENT and field.owned_live.by_others
    if field.live is ABSENT or (field.before is ABSENT and field.applied is ABSENT):
        came_or_went = (field.live is ABSENT) != (field.before is ABSENT) and field.applied is ABSENT
        return came_or_went and _author(field) is Author.NOBODY_KNOWN
    if field.kind_without_after is None or same(field.before, field.live):
        return False
    brought = field.before is ABSENT and field.applied is not ABSENT
    return any(unexplained(part, brought) for part in field.parts())


def _is_made(around: States, field: States) -> bool:
    """Return whether something is a default in what the run brought, whoever owns it too."""
    brought = around.before is ABSENT and ABSENT not in (around.applied, around.live, field.live)
    return field.made and brought and same(field.stored, field.live)


def _explained_by_stored(around: States, field: States, nearby: bool) -> bool:
    """Return whether the run made a field come or go: a new object of its manifest has, or lacks, it too."""
    unknown = not field.made or field.applied is not ABSENT or ABSENT in (around.live, around.stored)
    unknown = unknown or (around.before is ABSENT and not field.stripped)
    was, now, stored = (state is not ABSENT for state in (field.before, field.live, field.stored))
    return nearby if unknown or was == now else stored == now


def _as_left(field: States, kind: type[Map] | type[Items]) -> Tree:
    """Return a map or list that the run listed, and that somebody has removed as a whole since."""
    left = {
        part.path[-1]: part.stored if part.applied is not ABSENT else ABSENT if _was_only_ours(part) else part.before
        for part in field.parts()
    }
    return kind({name: value for name, value in left.items() if value is not ABSENT})


def _is_owned(applied: Tree) -> bool:
    """Return whether a manifest makes its manager own something: an empty list of items is not owned."""
    if isinstance(applied, Items) or (isinstance(applied, Map) and applied):
        return any(map(_is_owned, applied.values()))
    return True


def _whole(field: States, nearby: bool) -> Tree:
    author = _author(field)
    if author is Author.RUN or (author is Author.NOBODY_KNOWN and nearby):
        gone = field.live is ABSENT and field.applied is not ABSENT and says(field.stored, field.before)
        return field.before if gone else field.live  # what we left as it was, is not gone by us
    if author is Author.NOBODY_KNOWN:
        return field.before
    if field.applied is ABSENT and not _was_only_ours(field):
        return field.before
    return field.before if says(field.stored, field.before) else field.stored


def _authors(field: States) -> set[Author]:
    """Return who changed something in a field, as far as it is known."""
    if same(field.before, field.live):
        return set()
    kind = field.kind_without_after
    if kind is None or not any(isinstance(state, kind) and state for state in (field.before, field.live)):
        both = _was_only_ours(field) if field.applied is ABSENT else not says(field.stored, field.before)
        return ({_author(field)} | ({Author.RUN} if both else set())) - {Author.NOBODY_KNOWN}
    return {author for part in field.parts() for author in _authors(part)}


def _author(field: States) -> Author:
    now = field.owned_live
    if now.by_us:
        # A list whose items can't be told apart holds fields of several: others' are as they were, or they wrote.
        wrote = minus(now.others or {}, field.owned_before.others or {})
        return Author.OTHERS if wrote else Author.RUN
    if now.by_others:
        return Author.OTHERS
    if field.scaled:
        default = field.applied is ABSENT and _was_only_ours(field) and field.live == 1
        return Author.RUN if default else Author.OTHERS
    if field.stripped and field.made and (field.applied is not ABSENT or same(field.stored, field.before)):
        return Author.RUN if same(field.live, field.stored) else Author.OTHERS
    if field.applied is not ABSENT:
        left = field.live is not ABSENT and not says(field.applied, field.before)
        return Author.RUN if left else Author.OTHERS
    if _was_only_ours(field):
        return Author.RUN
    return Author.OTHERS if field.owned_before.by_others else Author.NOBODY_KNOWN


def _is_of_others(field: States) -> bool:
    """Return whether others alone own a map or list itself, and not only something in it."""
    now = field.owned_live
    return not now.by_us and now.others is not None and (not now.others or "." in now.others)


def _is_made_again(field: States) -> bool:
    """Return whether an item is another one than that of before, though it may be like it: somebody else's."""
    now = field.owned_live
    return field.live is not ABSENT and not now.by_us and (now.by_others or not same(field.before, field.live))


def _was_only_ours(field: States) -> bool:
    """Return whether what our manager no longer lists is removed: nobody else owns it, or the key of the item."""
    ours, others = field.owned_before.by_us, field.owned_before.others
    return ours and (others is None or (field.is_item and bool(others) and "." not in others))


def says(applied: Tree, before: Tree) -> bool:
    """Return whether a manifest says what was there; the server reads 1 as "1" where it must."""
    if isinstance(applied, dict) and isinstance(before, dict):
        return applied.keys() == before.keys() and all(says(value, before[key]) for key, value in applied.items())
    if isinstance(applied, list) and isinstance(before, list):
        return len(applied) == len(before) and all(map(says, applied, before))
    number = isinstance(applied, int | float) and not isinstance(applied, bool)
    return same(applied, before) or (isinstance(before, str) and number and str(applied) == before)


def _in_order(node: Items, field: States) -> Items:
    """Return items as the run left them: in the live order if it applied them so, else as before and as applied.

    A list that the run brought has the order of the manifest; no owner tells that others have changed the order since.
    """
    before, live, applied = (
        [name for name in state if name in node] if isinstance(state, Items) else []
        for state in (field.before, field.live, field.applied)
    )
    moved = [name for name in before if name in live] != [name for name in live if name in before]
    by_us = [name for name in live if name in applied] == [name for name in applied if name in live] != []
    order = live
    if not by_us and (moved or field.before is ABSENT):
        order = before if moved else live
        listed = iter([name for name in applied if name in order])
        order = [next(listed) if name in applied else name for name in order]
    names = dict.fromkeys([*order, *node])
    return Items({name: node[name] for name in names})
