"""Who may do what in a project on this machine, as testIamPermissions and Policy Troubleshooter tell it."""

from __future__ import annotations

import json
from typing import Any

from cloud_storage import error
from google.iam.v1.iam_policy_pb2 import TestIamPermissionsRequest, TestIamPermissionsResponse
from google.protobuf.json_format import MessageToDict, Parse

__all__ = ["Rights"]

Answer = tuple[int, Any]


class Rights:
    """Everybody may do everything but what `missing` holds; `disabled` APIs of Google's answer nobody."""

    def __init__(self, project: str) -> None:
        self.project = project
        self.missing: set[str] = set()
        self.unknown: set[str] = set()  # permissions that who asks may not know of
        self.disabled: set[str] = set()
        self.accounts = {f"runner@{project}.iam.gserviceaccount.com"}

    def answer(self, path: str, body: bytes) -> Answer | None:
        """Answer a question about rights; None where it is none."""
        resource, _, verb = path.partition(":")
        if verb == "testIamPermissions":
            return self._own(resource, body)
        return self._account(json.loads(body)["accessTuple"]) if path == "/v1/iam:troubleshoot" else None

    def _own(self, resource: str, body: bytes) -> Answer:
        account = resource.removeprefix("/v1/projects/-/serviceAccounts/")
        if account != resource and account not in self.accounts:
            return 404, error(404, "NOT_FOUND", f"Unknown service account: {account}")
        if account == resource and "cloudresourcemanager" in self.disabled:
            return self._switched_off("cloudresourcemanager")
        assert account != resource or resource == f"/v3/projects/{self.project}"
        asked = Parse(body, TestIamPermissionsRequest())  # a field that the protocol does not have raises
        given = [one for one in asked.permissions if one not in self.missing]
        return 200, MessageToDict(TestIamPermissionsResponse(permissions=given))

    def _account(self, about: dict[str, str]) -> Answer:
        if "policytroubleshooter" in self.disabled:
            return self._switched_off("policytroubleshooter")
        assert set(about) == {"principal", "fullResourceName", "permission"}
        assert about["principal"] in self.accounts
        assert about["fullResourceName"].startswith("//")
        if about["permission"] in self.unknown:
            return 200, {"access": "UNKNOWN_INFO_DENIED"}
        return 200, {"access": "NOT_GRANTED" if about["permission"] in self.missing else "GRANTED"}

    def _switched_off(self, api: str) -> Answer:
        service = f"{api}.googleapis.com"
        words = f"{service} has not been used in project {self.project} before or it is disabled."
        info = {"reason": "SERVICE_DISABLED", "metadata": {"service": service}}
        return 403, error(403, "PERMISSION_DENIED", words, **info)
