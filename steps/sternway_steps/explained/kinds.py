"""The kinds of errors, by the names of their classes: what the exit code of a command is made of."""

from __future__ import annotations

from .entry import Entry

KINDS: tuple[Entry, ...] = (
    Entry(
        ("Refused",),
        "Sternway found a reason not to begin. Nothing was touched, so there is nothing to undo.",
        (
            ("a right is missing", "`sternway doctor` names each right that a run and its undo need; grant those"),
            ("a manifest is not valid, or a field belongs to another manager", "`sternway plan` shows which; correct it"),
            ("a file, a program or a package is missing", "the message names it; `sternway doctor` looks for the others"),
            ("an earlier run was interrupted, and can't be undone", "`sternway runs`, then `sternway show RUN`"),
            ("the run is not in this journal", "`sternway runs --namespace NAMESPACE` looks where it was kept"),
        ),
        codes=(3,),
    ),
    Entry(
        ("ConfigErrors",),
        "The configuration can't be used. Each finding names file, line and column. Nothing was touched.",
        (
            ("a key is misspelt, or a value is of another kind", "correct the line; the finding names the nearest key"),
            ("several files are merged, and it is unclear which one wins", "`sternway config show --config FILE`"),
            ("the editor did not warn", "`sternway config schema > sternway.schema.json`, and name it in the first line"),
        ),
        codes=(2,),
    ),
    Entry(
        ("Misuse",),
        "A program called one of Sternway's Python functions with wrong arguments. Nothing was touched.",
        (("an argument is unknown, or of the wrong type", "the message names it; docs/reference/python.md has the right form"),),
        codes=(3,),
    ),
    Entry(
        ("NotInstalled",),
        "The configuration names a step that no installed package declares. Nothing was touched.",
        (
            ("the name is misspelt", "`sternway steps` lists what can be named"),
            ("its package is missing here, or in the step's image", "install it beside Sternway, and look again: `sternway steps`"),
        ),
        codes=(3,),
    ),
    Entry(
        ("TooLarge",),
        "A kubeconfig is larger than any real one. Reading it would take all time and memory, so nothing was done.",
        (("--kubeconfig or KUBECONFIG names another file", "`sternway doctor --kubeconfig FILE`, with the right one"),),
        codes=(3,),
    ),
    Entry(
        ("Held",),
        "A schedule or a controller would deploy again what failed and was undone before. Nothing was touched.",
        (
            ("the same content failed, and nothing was changed since", "mend it and deploy that: `sternway show RUN` has the cause"),
            ("the cause lay outside and is gone", "`sternway unhold NAMESPACE.NAME`, or once: `sternway run --force-held`"),
        ),
        codes=(3,),
    ),
    Entry(
        ("Failed",),
        "A step can't succeed. What the run had done was undone, unless the report says otherwise.",
        (
            ("an object did not become ready", "the message names object and reason: `sternway explain REASON`"),
            ("an HTTP check was not answered as it should be", "`sternway show RUN` has the answer; `kubectl logs POD --namespace NAMESPACE`"),
            ("a command ended with an error", "`sternway show RUN` has its last lines"),
            ("the API server or a webhook rejected an object half-way", "`sternway show RUN` names the object and the field"),
        ),
        codes=(4,),
    ),
    Entry(
        ("RollbackFailed",),
        "Something could not be put back. Everything else was put back. The report names what is left, and the command that goes on.",
        (
            ("somebody changed a field after the run", "`sternway rollback RUN --on-conflict merge` leaves it, `sternway rollback RUN --on-conflict force` puts back what was"),
            ("a field can't be changed back, and others depend on the object", "`sternway rollback RUN --recreate` makes it anew"),
            ("a right is missing", "grant it, then `sternway rollback RUN`: what was put back is not done again"),
            ("what was put back is not healthy", "look for what changed around it: `kubectl get events --namespace NAMESPACE`"),
            ("anything else", "docs/how-to/undo-failed.md; `sternway show RUN` tells what is left, and why"),
        ),
        codes=(5,),
    ),
    Entry(
        ("Transient",),
        "It may work if you try again: something does not answer, or another run is at work.",
        (
            ("another run of the target holds its lock", "`sternway status NAMESPACE.NAME` says who; `sternway run --wait-lock 5m` waits"),
            ("the API server, the registry or the repository does not answer", "`sternway doctor`; then the same command again"),
            ("this machine or container has too little memory, disk or processes", "raise the limit of the container, then the same command again"),
        ),
        codes=(75,),
    ),
    Entry(
        ("LockLost",),
        "The lease of the target could not be renewed in time, so another run may be at work. Nothing more was sent.",
        (
            ("the machine slept, or was too busy", "`sternway status NAMESPACE.NAME`; the next run finishes it, or `sternway rollback RUN`"),
            ("the API server was away", "`sternway doctor`; then `sternway rollback RUN`"),
            ("somebody deleted the Lease", "`kubectl get leases --namespace NAMESPACE`; then `sternway rollback RUN`"),
        ),
        codes=(75,),
    ),
    Entry(
        ("StillOpen",),
        "An Argo Workflow of this target is still at work, or may be. Nothing was touched.",
        (
            ("the Workflow works", "wait for its end: `kubectl get workflows --namespace NAMESPACE`"),
            ("the Workflow hangs, and is not wanted", "terminate it, then `sternway sweep --namespace NAMESPACE` undoes it"),
            ("your account may not read Workflows, so Sternway can't tell", "`sternway doctor` names the right; grant it"),
        ),
        codes=(75,),
    ),
    Entry(
        ("JournalConflict",),
        "Another process wrote to the same record. The process that says this wrote nothing there; it may be tried again.",
        (
            ("the same step was called twice", "`sternway status NAMESPACE.NAME` tells who is at work; wait for it"),
            ("somebody changed the journal's Secrets", "`sternway show RUN` names what is damaged"),
        ),
        codes=(75,),
    ),
    Entry(
        ("RecordGone",),
        "Somebody deleted a record of the run, or cut it, while the run was at work. Nothing is tried again.",
        (
            ("somebody deleted the journal's Secrets, or the files of a journal in a folder", "`sternway show RUN` tells what is left to undo by"),
            ("a job tidies up Secrets", "have it leave out those whose type is sternway.dev/journal.v1"),
        ),
        codes=(4,),
    ),
    Entry(
        ("Stopped",),
        "Somebody stopped the run, or its deadline passed. The attempt is sealed in the journal.",
        (
            ("Ctrl-C, or the CI job or the pod was cancelled", "`sternway show RUN` tells what was undone"),
            ("the run's deadline passed", "`sternway show RUN` names what took so long; raise `deadline` in the configuration if that is normal"),
            ("it was stopped again before the undo was finished", "`sternway rollback RUN`"),
        ),
        codes=(143,),
    ),
    Entry(
        ("ApiError",),
        "The API server did not carry out a request. The message has the method, the path, the status and the server's own words.",
        (
            ("401: the credentials are not accepted", "log in again; `kubectl auth whoami`"),
            ("403: a right is missing", "`sternway doctor` names the rights; `kubectl auth can-i --list --namespace NAMESPACE`"),
            ("no answer, 429 or 5xx: it is away or busy", "`kubectl get --raw /readyz`; then the same command again"),
        ),
        codes=(3, 75),
    ),
    Entry(
        ("UnknownKind",),
        "The API server does not serve this kind of object. The message names the nearest one that it serves.",
        (
            ("kind or apiVersion is misspelt, or of an older Kubernetes", "`kubectl api-resources`; correct the manifest"),
            ("its CustomResourceDefinition is not installed", "install the operator, or put the definition among `manifests`"),
        ),
        codes=(3,),
    ),
    Entry(
        ("Bug",),
        "An error that Sternway did not expect. `kind` in the JSON output is the class of that error. What the run had done was undone.",
        (
            ("a fault in Sternway", "report it with the traceback and `sternway show RUN --output json`; take out what is secret"),
            ("a step of your own, or of another package, raised it", "let the step raise Refused, Transient, Failed or RollbackFailed instead"),
        ),
        codes=(70,),
    ),
)  # fmt: skip
"""In the order of the documentation: found before a change, failed, undone or not, to be tried again, unexpected."""
