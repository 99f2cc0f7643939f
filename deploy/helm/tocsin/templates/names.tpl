{{- define "tocsin.fullname" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "tocsin.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tocsin.labels" -}}
{{ include "tocsin.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "tocsin.image" -}}
{{- with .Values.image }}{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}{{ end }}
{{- end }}

{{- define "tocsin.watchlistMap" -}}
{{ .Values.watchlist.existingConfigMap | default (printf "%s-watchlist" (include "tocsin.fullname" .)) }}
{{- end }}

{{/* The configuration: what the values say, over what `config` says. */}}
{{- define "tocsin.config" -}}
{{- $kafka := merge (dict "bootstrap.servers" .Values.kafka.bootstrapServers) .Values.kafka.properties }}
{{- with .Values.kafka.sasl }}{{- if .enabled }}
{{- $_ := set $kafka "sasl.mechanism" .mechanism }}
{{- $_ := set $kafka "sasl.username" "${TOCSIN_KAFKA_USERNAME}" }}
{{- $_ := set $kafka "sasl.password" "${TOCSIN_KAFKA_PASSWORD}" }}
{{- end }}{{- end }}
{{- $sasl := .Values.kafka.sasl.enabled }}{{- $tls := .Values.kafka.tls.enabled }}
{{- if or $sasl $tls }}
{{- $_ := set $kafka "security.protocol" (ternary (ternary "SASL_SSL" "SASL_PLAINTEXT" $tls) "SSL" $sasl) }}
{{- end }}
{{- with .Values.kafka.tls }}{{- if and .enabled .secret }}
{{- $_ := set $kafka "ssl.ca.location" (printf "/etc/tocsin/tls/%s" .caKey) }}
{{- if .clientCertificate }}
{{- $_ := set $kafka "ssl.certificate.location" "/etc/tocsin/tls/tls.crt" }}
{{- $_ := set $kafka "ssl.key.location" "/etc/tocsin/tls/tls.key" }}
{{- end }}{{- end }}{{- end }}
{{- $topics := dict "create" (eq .Values.topics.mode "run") "replication" .Values.topics.replication "mentions_partitions" .Values.topics.mentionsPartitions }}
{{- $config := dict "deployment" .Values.deployment "kafka" $kafka "sources" .Values.sources "watchlist" "/etc/tocsin/watchlist/watchlist.yaml" "topics" $topics "metrics" (dict "listen" "0.0.0.0:9464") "log" (dict "format" .Values.logFormat) }}
{{- if .Values.privacy.secret }}{{- $_ := set $config "privacy" (dict "key_file" "/etc/tocsin/privacy/key") }}{{- end }}
{{- toYaml (merge $config .Values.config) }}
{{- end }}

{{- define "tocsin.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "tocsin.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "tocsin.env" -}}
{{- with .Values.kafka.sasl }}{{- if .enabled }}
- name: TOCSIN_KAFKA_USERNAME
  valueFrom: {secretKeyRef: {name: {{ .secret }}, key: {{ .usernameKey }}}}
- name: TOCSIN_KAFKA_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ .secret }}, key: {{ .passwordKey }}}}
{{- end }}{{- end }}
{{- with .Values.pods.env }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* `configMap` of the dict given is the one with tocsin.yaml. */}}
{{- define "tocsin.volumes" -}}
- name: config
  configMap: {name: {{ .configMap }}}
{{- with .root.Values.kafka.tls }}{{- if and .enabled .secret }}
- name: tls
  secret: {secretName: {{ .secret }}, defaultMode: 0440}
{{- end }}{{- end }}
{{- end }}

{{- define "tocsin.mounts" -}}
- {name: config, mountPath: /etc/tocsin/config, readOnly: true}
{{- with .Values.kafka.tls }}{{- if and .enabled .secret }}
- {name: tls, mountPath: /etc/tocsin/tls, readOnly: true}
{{- end }}{{- end }}
{{- end }}
