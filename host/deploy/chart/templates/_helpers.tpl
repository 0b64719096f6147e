{{- define "daplet.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "daplet.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "daplet.labels" -}}
{{ include "daplet.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "daplet.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "daplet.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "daplet.appId" -}}
{{- default (include "daplet.fullname" .) .Values.dapr.appId -}}
{{- end -}}

{{- define "daplet.port" -}}
{{- regexFind "[0-9]+$" .Values.listen -}}
{{- end -}}

{{- define "daplet.adminPort" -}}
{{- regexFind "[0-9]+$" .Values.admin.listen -}}
{{- end -}}

{{- /* The names of the Services, as clients in the cluster may write them. The kubelet fills in the namespace, so that the plain
manifests fit every namespace. */ -}}
{{- define "daplet.hosts" -}}
{{- $hosts := list -}}
{{- $ns := "$(POD_NAMESPACE)" -}}
{{- $name := include "daplet.fullname" . -}}
{{- range list $name (printf "%s-admin" ($name | trunc 57 | trimSuffix "-")) -}}
{{- $hosts = concat $hosts (list . (printf "%s.%s" . $ns) (printf "%s.%s.svc" . $ns) (printf "%s.%s.svc.cluster.local" . $ns)) -}}
{{- end -}}
{{- concat $hosts .Values.allowedHosts | join "," -}}
{{- end -}}

{{- /* What cannot work is refused here, with the value that changes it. */ -}}
{{- define "daplet.check" -}}
{{- if eq (include "daplet.port" .) (include "daplet.adminPort" .) -}}
{{- fail (printf "admin.listen has the port %s of listen: management needs a port of its own" (include "daplet.port" .)) -}}
{{- end -}}
{{- if and .Values.persistence.enabled (gt (int .Values.replicaCount) 1) -}}
{{- fail (printf "replicaCount is %d, but persistence.enabled allows 1: the data folder's database belongs to one process" (int .Values.replicaCount)) -}}
{{- end -}}
{{- if and (not .Values.dapr.enabled) (gt (int .Values.replicaCount) 1) -}}
{{- fail (printf "replicaCount is %d, but dapr.enabled=false allows 1: without Dapr each pod has state and messages of its own" (int .Values.replicaCount)) -}}
{{- end -}}
{{- if and (not .Values.dapr.enabled) (eq .Values.registry.backend "dapr") -}}
{{- fail "registry.backend=dapr needs dapr.enabled=true: functions are in a state store of the sidecar" -}}
{{- end -}}
{{- if and (eq .Values.registry.backend "file") (gt (int .Values.replicaCount) 1) -}}
{{- fail (printf "replicaCount is %d, but registry.backend=file allows 1: each pod would have functions of its own; set registry.backend=dapr" (int .Values.replicaCount)) -}}
{{- end -}}
{{- if and (not .Values.dapr.enabled) (or .Values.dapr.appTokenSecret .Values.dapr.apiTokenSecret) -}}
{{- fail "dapr.appTokenSecret and dapr.apiTokenSecret need dapr.enabled=true" -}}
{{- end -}}
{{- end -}}
