{{- define "livechat.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "livechat.fullname" -}}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains (include "livechat.name" .) .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name (include "livechat.name" .) | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* What a selector holds; of a workload: dict "root" $ "role" "worker". */}}
{{- define "livechat.selector" -}}
app.kubernetes.io/name: {{ include "livechat.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .role }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- define "livechat.labels" -}}
{{ include "livechat.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{/* Of dict registry, repository, tag, digest. */}}
{{- define "livechat.image" -}}
{{- with .registry }}{{ . }}/{{ end }}{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag }}{{ end }}
{{- end }}

{{- define "livechat.engineImage" -}}
{{- include "livechat.image" (dict "registry" .Values.image.registry "repository" .Values.image.repository "tag" (default .Chart.AppVersion .Values.image.tag) "digest" .Values.image.digest) }}
{{- end }}

{{- define "livechat.env" -}}
- {name: LIVECHAT_BUS__URL, value: {{ printf "kafka:%s" (join "," .Values.kafka.brokers) | quote }}}
- {name: LIVECHAT_BUS__PARTITIONS, value: {{ .Values.kafka.partitions | quote }}}
- {name: LIVECHAT_BUS__PREFIX, value: {{ .Values.kafka.prefix | quote }}}
- {name: LIVECHAT_BUS__GROUP, value: {{ .Values.kafka.group | quote }}}
- {name: LIVECHAT_BUS__KAFKA__TLS, value: {{ .Values.kafka.tls | quote }}}
{{- range $variable, $key := dict "CA" .Values.kafka.caKey "CERTIFICATE" .Values.kafka.certificateKey "KEY" .Values.kafka.keyKey "PASSWORD_FILE" .Values.kafka.passwordKey }}
{{- if $key }}
- {name: LIVECHAT_BUS__KAFKA__{{ $variable }}, value: {{ printf "/run/secrets/kafka/%s" $key | quote }}}
{{- end }}
{{- end }}
{{- with .Values.kafka.sasl }}
- {name: LIVECHAT_BUS__KAFKA__SASL, value: {{ . | quote }}}
- {name: LIVECHAT_BUS__KAFKA__USERNAME, value: {{ $.Values.kafka.username | quote }}}
{{- end }}
{{- with .Values.shops.default }}
- {name: LIVECHAT_PUBLISHER__DEFAULT_SHOP, value: {{ . | quote }}}
{{- end }}
- {name: LIVECHAT_LOG_LEVEL, value: {{ .Values.logLevel | quote }}}
{{- range $name, $value := .Values.settings }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{/* Viewer ids are hashed by workers and gateways alike. */}}
{{- define "livechat.viewerKey" -}}
{{- $viewers := required "secrets.viewerKey: name the Secret whose key `viewer-key` holds the secret half of the keys of viewer ids" .Values.secrets.viewerKey -}}
- {name: LIVECHAT_PRIVACY__VIEWER_KEY, valueFrom: {secretKeyRef: {name: {{ $viewers }}, key: viewer-key}}}
{{- end }}

{{- define "livechat.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "livechat.security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
privileged: false
capabilities: {drop: [ALL]}
{{- end }}

{{- define "livechat.scheduling" -}}
{{- with .root.Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- if .root.Values.topologySpread.enabled }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: {{ .root.Values.topologySpread.key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "livechat.selector" . | nindent 8 }}
{{- end }}
{{- end }}

{{/* One workload of the engine: dict "root" $ "role" "worker" "values" .Values.worker, and lists "arguments" "env" "mounts" "volumes" "before" as YAML texts. */}}
{{- define "livechat.deployment" -}}
{{- $root := .root -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "livechat.fullname" $root }}-{{ .role }}
  labels: {{- include "livechat.labels" . | nindent 4 }}
spec:
  {{- if not (dig "autoscaling" "enabled" false .values) }}
  replicas: {{ dig "replicas" 1 .values }}
  {{- end }}
  revisionHistoryLimit: 5
  {{- if eq .strategy "Recreate" }}
  strategy: {type: Recreate}
  {{- else }}
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxUnavailable: 0, maxSurge: 1}
  {{- end }}
  selector:
    matchLabels: {{- include "livechat.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "livechat.labels" . | nindent 8 }}
        {{- with $root.Values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with $root.Values.podAnnotations }}
      annotations: {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      serviceAccountName: {{ include "livechat.fullname" $root }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ add .values.drainSeconds 5 }}
      securityContext: {{- include "livechat.podSecurity" $root | nindent 8 }}
      {{- with $root.Values.image.pullSecrets }}
      imagePullSecrets: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- include "livechat.scheduling" . | nindent 6 }}
      {{- with .before }}
      initContainers: {{- . | nindent 8 }}
      {{- end }}
      containers:
        - name: {{ .role }}
          image: {{ include "livechat.engineImage" $root | quote }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          args: [serve, --roles, {{ .role }}{{ range .arguments }}, {{ . | quote }}{{ end }}]
          env:
            {{- include "livechat.env" $root | nindent 12 }}
            - {name: LIVECHAT_WORKER__DRAIN_S, value: {{ .values.drainSeconds | quote }}}
            {{- with .env }}
            {{- . | nindent 12 }}
            {{- end }}
          ports:
            - {name: http, containerPort: 8701}
            {{- if eq .role "gateway" }}
            - {name: ws, containerPort: 8700}
            {{- end }}
          startupProbe:
            httpGet: {path: /healthz, port: http}
            periodSeconds: 2
            failureThreshold: 60
          livenessProbe:
            httpGet: {path: /healthz, port: http}
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 3
          readinessProbe:
            httpGet: {path: /readyz, port: http}
            periodSeconds: 5
            timeoutSeconds: 5
            failureThreshold: 2
          resources: {{- toYaml .values.resources | nindent 12 }}
          securityContext: {{- include "livechat.security" $root | nindent 12 }}
          volumeMounts:
            - {name: tmp, mountPath: /tmp}
            - {name: state, mountPath: /var/lib/livechat}
            {{- if $root.Values.kafka.secret }}
            - {name: kafka, mountPath: /run/secrets/kafka, readOnly: true}
            {{- end }}
            {{- with .mounts }}
            {{- . | nindent 12 }}
            {{- end }}
      volumes:
        - name: tmp
          emptyDir: {sizeLimit: 256Mi}
        {{- if .state }}
        {{- .state | nindent 8 }}
        {{- else }}
        - name: state
          emptyDir: {sizeLimit: 1Gi}
        {{- end }}
        {{- with $root.Values.kafka.secret }}
        - name: kafka
          secret: {secretName: {{ . }}, defaultMode: 0440}
        {{- end }}
        {{- with .volumes }}
        {{- . | nindent 8 }}
        {{- end }}
{{- end }}
