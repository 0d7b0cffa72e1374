"""Who may do what: one table of routes. A route that is not in it does not exist, so nothing is open by oversight."""

from __future__ import annotations

from dataclasses import dataclass

from bot.store.accounts import Role

PUBLIC: frozenset[Role] = frozenset()
"""Marks a rule that needs no session; only the ways in have it."""
EVERYONE = frozenset(Role)
STAFF = frozenset({Role.CURATOR, Role.REVIEWER, Role.ADMIN})
"""Those who see conversations and answer."""
PUBLISHERS = frozenset({Role.REVIEWER, Role.ADMIN})
"""The second person: approves, publishes, rolls back."""
EXPORTERS = frozenset({Role.REVIEWER, Role.ADMIN, Role.AUDITOR})
ADMINS = frozenset({Role.ADMIN})
OVERSEERS = frozenset({Role.ADMIN, Role.AUDITOR})

ROLE_NAMES = {
    Role.CURATOR: "编辑",
    Role.REVIEWER: "审核员",
    Role.ADMIN: "管理员",
    Role.AUDITOR: "审计员",
}
ROLE_NOTES = {
    Role.CURATOR: "看待办、答复、提出知识改动",
    Role.REVIEWER: "编辑能做的，加上批准、发布、回滚、导出",
    Role.ADMIN: "审核员能做的，加上管理用户、查审计",
    Role.AUDITOR: "只看报表和审计，看不到对话",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One route below /console: how it is asked, what answers it, who may."""

    method: str
    path: str
    handler: str
    """`module.function` below bot.console.pages."""
    roles: frozenset[Role]
    half: bool = False
    """Whether a session that still lacks its second factor is let through (and a complete one is not)."""

    @property
    def public(self) -> bool:
        """Whether no session is needed."""
        return not self.roles


RULES = (
    Rule("GET", "/signin", "entrance.form", PUBLIC),
    Rule("POST", "/signin", "entrance.enter", PUBLIC),
    Rule("GET", "/second", "entrance.second_form", EVERYONE, half=True),
    Rule("POST", "/second", "entrance.second", EVERYONE, half=True),
    Rule("POST", "/signout", "entrance.leave", EVERYONE),
    Rule("GET", "/account", "account.show", EVERYONE),
    Rule("POST", "/account/password", "account.password", EVERYONE),
    Rule("POST", "/account/second", "account.second_on", EVERYONE),
    Rule("POST", "/account/second/off", "account.second_off", EVERYONE),
    Rule("GET", "/", "today.show", EVERYONE),
    Rule("GET", "/live", "live.stream", EVERYONE),
    Rule("GET", "/queue", "queue.show", STAFF),
    Rule("GET", "/clusters/{cluster:int}", "cluster.show", STAFF),
    Rule("POST", "/clusters/{cluster:int}/assign", "cluster.assign", STAFF),
    Rule("POST", "/clusters/{cluster:int}/answer", "cluster.answer", STAFF),
    Rule("POST", "/clusters/{cluster:int}/ignore", "cluster.ignore", STAFF),
    Rule("POST", "/clusters/{cluster:int}/release", "cluster.release", STAFF),
    Rule("POST", "/clusters/{cluster:int}/merge", "cluster.merge", STAFF),
    Rule("POST", "/clusters/{cluster:int}/split", "cluster.split", STAFF),
    Rule("POST", "/clusters/{cluster:int}/again", "cluster.send_again", STAFF),
    Rule("GET", "/tickets/{number}", "ticket.show", STAFF),
    Rule("GET", "/questions", "questions.show", STAFF),
    Rule("GET", "/knowledge", "knowledge.show", EVERYONE),
    Rule("GET", "/knowledge/{entry}", "knowledge.entry", EVERYONE),
    Rule("GET", "/knowledge/{entry}/edit", "propose.edit_form", STAFF),
    Rule("POST", "/knowledge/{entry}/edit", "propose.edit", STAFF),
    Rule("GET", "/clusters/{cluster:int}/question", "propose.question_form", STAFF),
    Rule("POST", "/clusters/{cluster:int}/question", "propose.question", STAFF),
    Rule("GET", "/clusters/{cluster:int}/entry", "propose.entry_form", STAFF),
    Rule("POST", "/clusters/{cluster:int}/entry", "propose.entry", STAFF),
    Rule("GET", "/review", "review.show", EVERYONE),
    Rule("GET", "/review/{proposal:int}", "review.proposal", EVERYONE),
    Rule("POST", "/review/{proposal:int}/check", "review.check", STAFF),
    Rule("POST", "/review/{proposal:int}/approve", "review.approve", PUBLISHERS),
    Rule("POST", "/review/{proposal:int}/reject", "review.reject", PUBLISHERS),
    Rule("POST", "/review/{proposal:int}/publish", "review.publish", PUBLISHERS),
    Rule("GET", "/history", "review.history", EVERYONE),
    Rule("GET", "/history/{publication:int}", "review.publication", EVERYONE),
    Rule("POST", "/history/{publication:int}/undo", "review.roll_back", PUBLISHERS),
    Rule("GET", "/reports", "reports.show", EVERYONE),
    Rule("GET", "/reports/export.{form}", "reports.export", EXPORTERS),
    Rule("GET", "/users", "users.show", ADMINS),
    Rule("POST", "/users", "users.add", ADMINS),
    Rule("POST", "/users/{user:int}/role", "users.role", ADMINS),
    Rule("POST", "/users/{user:int}/disable", "users.disable", ADMINS),
    Rule("POST", "/users/{user:int}/enable", "users.enable", ADMINS),
    Rule("POST", "/users/{user:int}/password", "users.password", ADMINS),
    Rule("POST", "/users/{user:int}/second/off", "users.second_off", ADMINS),
    Rule("GET", "/audit", "audit.show", OVERSEERS),
)  # fmt: skip


def may(role: Role, path: str) -> bool:
    """Whether a role may open a page; for menus, which leave out what would be refused."""
    return any(rule.method == "GET" and rule.path == path and role in rule.roles for rule in RULES)
