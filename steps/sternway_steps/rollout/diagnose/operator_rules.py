"""Our rules for kinds of well-known operators, in the form of `verify.rules`; a rule of the user precedes them.

Only what the judgement by conditions can't know stands here. Source: each project's API reference, named below.
"""

from __future__ import annotations

from ...config.rules import KindRule

_READY = ("conditions[Ready]=True",)

OPERATOR_RULES: tuple[KindRule, ...] = (
    # Argo (argo-workflows: NodePhase; argo-rollouts: RolloutPhase, AnalysisPhase; argo-cd: ApplicationStatus).
    # A Rollout that is paused waits for a person, or for its analysis: the new version serves as far as it was told to.
    KindRule("Workflow.argoproj.io", ("status.phase=Succeeded",), ("status.phase=Failed|Error",)),
    KindRule(
        "Rollout.argoproj.io",
        (
            "status.phase=Healthy|Paused",
            "metadata.annotations[rollout.argoproj.io/workload-generation]="
            " || metadata.annotations[rollout.argoproj.io/workload-generation]=status.workloadObservedGeneration",
        ),
        ("status.phase=Degraded",),
    ),
    KindRule(
        "AnalysisRun|Experiment.argoproj.io",
        ("status.phase=Successful",),
        ("status.phase=Failed|Error|Inconclusive",),
    ),
    # Its conditions have no status: one that is there holds.
    KindRule(
        "Application.argoproj.io",
        ("status.sync.status=Synced", "status.health.status=Healthy|Suspended"),
        ("conditions[InvalidSpecError]!=", "conditions[ComparisonError]!=", "conditions[SyncError]!="),
    ),
    # Flux (source, kustomize and helm APIs: conditions). Released is False after a roll-back, too.
    KindRule("GitRepository|OCIRepository|Bucket|HelmChart.source.toolkit.fluxcd.io", _READY),
    KindRule("Kustomization.kustomize.toolkit.fluxcd.io", _READY),
    KindRule(
        "HelmRelease.helm.toolkit.fluxcd.io",
        _READY,
        (
            "conditions[Stalled]=True", "conditions[Released]=False", "conditions[Remediated]=True",
            "conditions[Ready]=False && conditions[Ready].reason~(Failed|Error|Denied)$",
        ),
    ),
    # cert-manager (certmanager/v1). Issuing stays True while it is tried, and turns False with the reason Failed.
    KindRule(
        "Certificate.cert-manager.io",
        _READY,
        (
            "conditions[Ready]=False && conditions[Issuing].reason=Failed",
            "conditions[Ready]=False && conditions[Ready].reason~Error",
            "conditions[InvalidRequest]=True",
        ),
    ),
    KindRule(
        "CertificateRequest.cert-manager.io",
        _READY,
        ("conditions[Ready].reason=Failed|Denied", "conditions[InvalidRequest]=True", "conditions[Denied]=True"),
    ),
    KindRule("Issuer|ClusterIssuer.cert-manager.io", _READY),
    # Gateway API (v1: condition types and reasons). A listener's port or route may be in conflict with another's.
    KindRule(
        "GatewayClass.gateway.networking.k8s.io",
        ("conditions[Accepted]=True",),
        ("conditions[Accepted]=False && conditions[Accepted].reason=InvalidParameters|UnsupportedVersion|Unsupported",),
    ),
    KindRule(
        "Gateway.gateway.networking.k8s.io",
        (
            "conditions[Accepted]=True", "conditions[Programmed]=True", "status.listeners[*].conditions[Accepted]=True",
            "status.listeners[*].conditions[ResolvedRefs]=True",
        ),
        (
            "conditions[Accepted]=False && conditions[Accepted].reason=Invalid|InvalidParameters|UnsupportedAddress",
            "status.listeners[*].conditions[Conflicted]=True",
            "status.listeners[*].conditions[ResolvedRefs]=False",
            "conditions[Programmed].reason=AddressNotUsable|NoResources",
        ),
    ),
    KindRule(
        "HTTPRoute|GRPCRoute|TLSRoute|TCPRoute|UDPRoute.gateway.networking.k8s.io",
        ("status.parents[*].conditions[Accepted]=True", "status.parents[*].conditions[ResolvedRefs]=True"),
        (
            "status.parents[*].conditions[Accepted].reason=NotAllowedByListeners|NoMatchingListenerHostname"
            "|NoMatchingParent|UnsupportedValue|IncompatibleFilters",
            "status.parents[*].conditions[ResolvedRefs]=False",
        ),
    ),
    # Crossplane (pkg and apiextensions APIs); its managed resources are judged by Ready and Synced, as any.
    KindRule(
        "Provider|Configuration|Function.pkg.crossplane.io",
        ("conditions[Installed]=True", "conditions[Healthy]=True"),
        (
            "conditions[Installed]=False && conditions[Installed].message~cannot|failed",
            "conditions[Healthy]=False && conditions[Healthy].message~cannot|failed",
        ),
    ),
    KindRule("CompositeResourceDefinition.apiextensions.crossplane.io", ("conditions[Established]=True",)),
    # Strimzi: NotReady is True while a cluster is created, and then for the class of an exception.
    KindRule(
        "Kafka|KafkaConnect|KafkaConnector|KafkaTopic|KafkaUser|KafkaBridge|KafkaMirrorMaker2.kafka.strimzi.io",
        _READY,
        ("conditions[NotReady]=True && conditions[NotReady].reason!=Creating",),
    ),
    # Elastic Cloud on Kubernetes. A cluster of one node stays yellow, for its replicas have no place.
    KindRule(
        "Elasticsearch.elasticsearch.k8s.elastic.co",
        ("status.phase=Ready", "status.health=green|yellow"),
        ("status.phase=Invalid",),
    ),
    KindRule(
        "Kibana|ApmServer|Beat|Agent|EnterpriseSearch|ElasticMapsServer|Logstash.*.k8s.elastic.co",
        ("status.health=green",),
    ),
    # KEDA (keda/v1alpha1). Not Active is a scaler at rest.
    KindRule("ScaledObject|ScaledJob.keda.sh", _READY, ("conditions[Ready]=False", "conditions[Fallback]=True")),
    # External Secrets and Sealed Secrets.
    KindRule("ExternalSecret|PushSecret|SecretStore|ClusterSecretStore.external-secrets.io", _READY),
    KindRule(
        "ClusterExternalSecret.external-secrets.io",
        _READY,
        ("conditions[Ready]!=True && conditions[PartiallyReady]=True", "conditions[NotReady]=True"),
    ),
    KindRule("SealedSecret.bitnami.com", ("conditions[Synced]=True",), ("conditions[Synced]=False",)),
    # Velero (velero/v1: phases).
    KindRule(
        "Backup|Restore.velero.io",
        ("status.phase=Completed",),
        ("status.phase=Failed|PartiallyFailed|FailedValidation",),
    ),
    KindRule("Schedule.velero.io", ("status.phase=Enabled",), ("status.phase=FailedValidation",)),
    # Operator Lifecycle Manager (operators/v1alpha1). A failed install is tried again but for these reasons; an upgrade
    # that waits for its approval is as its owner wants it.
    KindRule(
        "ClusterServiceVersion.operators.coreos.com",
        ("status.phase=Succeeded",),
        (
            "status.phase=Failed && status.reason=InvalidStrategy|InvalidInstallModes|UnsupportedOperatorGroup"
            "|TooManyOperatorGroups|InterOperatorGroupOwnerConflict|InstallCheckFailed|OwnerConflict",
        ),
    ),
    KindRule(
        "Subscription.operators.coreos.com",
        (
            "status.state=AtLatestKnown"
            " || status.state=UpgradePending && spec.installPlanApproval=Manual && status.installedCSV!=",
        ),
        (
            "conditions[ResolutionFailed]=True", "conditions[InstallPlanFailed]=True",
            "conditions[BundleUnpackFailed]=True",
        ),
    ),
    KindRule("InstallPlan.operators.coreos.com", ("status.phase=Complete",), ("status.phase=Failed",)),
    # Istio (install and networking APIs: IstioStatus).
    KindRule("IstioOperator.install.istio.io", ("status.status=HEALTHY",), ("status.status=ERROR",)),
    KindRule("*.networking.istio.io", None, ("status.validationMessages[*].level=ERROR|Error",)),
    # Knative (serving, eventing and operator): Ready is Unknown on the way, and False only for a fault.
    KindRule("Service|Configuration|Revision|Route.serving.knative.dev", _READY, ("conditions[Ready]=False",)),
    KindRule("KnativeServing|KnativeEventing.operator.knative.dev", _READY, ("conditions[InstallSucceeded]=False",)),
)  # fmt: skip
