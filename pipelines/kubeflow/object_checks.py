"""Whether a cluster knows the objects that a task has an operator act on, and whether its account may make them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sevenfold.cluster.reader import Answer, ClusterReader
from sevenfold.pipelines.check import Check
from sevenfold.pipelines.kubeflow.cluster_target import ClusterTarget

__all__ = ["VERBS", "MadeObject"]

VERBS: Final = ("create", "get", "delete")


@dataclass(frozen=True, kw_only=True)
class MadeObject:
    """A type of object that a task makes beside its own pod, and removes.

    Args:
        operator: what acts on such objects.
        since: its first version that knows the fields of ours.
        kind: of the objects.
        resource: the same as the API names it, in the plural.
        group: of the API.
        fields: of its spec that ours have and earlier versions lack.
        install: the command that brings the operator.
        role: name of a Role that lets an account make them.
        made: what the objects bring about, in the plural.
    """

    operator: str
    since: str
    kind: str
    resource: str
    group: str
    fields: tuple[str, ...]
    install: str
    role: str
    made: str

    @property
    def crd(self) -> str:
        """Path of the type's definition in the API."""
        return f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{self.resource}.{self.group}"

    def known(self, reader: ClusterReader) -> Check:
        """Say whether the cluster has the type as ours need it; a run cannot go without."""
        crd = reader.get(self.crd)
        fine = self._fields_in(crd) if crd else crd.there
        missing = f"no {self.kind}s as of {self.since} here"
        finding = {True: f"knows {self.kind}s", False: missing, None: "could not be checked"}[fine]
        return Check(self.operator, fine, finding, self.install, True)

    def _fields_in(self, crd: Answer) -> bool:
        versions: list[dict[str, Any]] = crd["spec"]["versions"]
        specs = [each["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"] for each in versions]
        return any(set(self.fields) <= spec.keys() for spec in specs)

    def rights(self, name: str, target: ClusterTarget, reader: ClusterReader) -> Check:
        """Say, as a check of that name, whether the account of the pods may make them; a run cannot go without."""
        where, who = target.pods, f"{target.pods}:{target.runner}"
        answers = {verb: reader.may(where, verb, self.resource, self.group, who) for verb in VERBS}
        may = False if False in answers.values() else None if None in answers.values() else True
        words = {True: "may make", False: "may not make", None: "could not be asked about, to make"}[may]
        named = f"--resource={self.resource}.{self.group}"
        role = f"kubectl -n {where} create role {self.role} --verb={','.join(VERBS)} {named}"
        bind = f"kubectl -n {where} create rolebinding {self.role} --role={self.role} --serviceaccount={who}"
        return Check(name, may, f"{target.runner} {words} {self.made} in {where}", f"{role} && {bind}", True)
