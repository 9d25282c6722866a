{{/* Whether it reads the node's logs, and as whom it runs. */}}
{{- define "logboom.reads-node" -}}
{{- if and (eq .Values.mode "daemonset") .Values.podLogs.enabled }}true{{ end }}
{{- end }}
{{- define "logboom.user" -}}
{{ ternary 0 10001 (eq (include "logboom.reads-node" .) "true") }}
{{- end }}

{{/* The pod of both modes. */}}
{{- define "logboom.pod" -}}
metadata:
  labels:
    {{- include "logboom.selector" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/config: {{ toYaml .Values.config | sha256sum }} # a changed configuration is a rollout
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "logboom.name" . }}
  automountServiceAccountToken: {{ .Values.rbac.create }}
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  securityContext:
    runAsNonRoot: {{ ne (include "logboom.user" .) "0" }}
    runAsUser: {{ include "logboom.user" . }}
    runAsGroup: {{ include "logboom.user" . }}
    fsGroup: {{ include "logboom.user" . }}
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: {type: RuntimeDefault}
  {{- if and (eq .Values.mode "daemonset") .Values.persistence.hostPath }}
  initContainers:
    - name: own-data
      image: {{ include "logboom.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command: [install, --directory, "--owner={{ include "logboom.user" . }}", "--group={{ include "logboom.user" . }}", --mode=0700, /var/lib/logboom]
      securityContext: # the folder that the kubelet makes is root's
        runAsNonRoot: false
        runAsUser: 0
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL], add: [CHOWN, FOWNER]}
      resources:
        requests: {cpu: 10m, memory: 16Mi}
        limits: {memory: 64Mi}
      volumeMounts:
        - {name: data, mountPath: /var/lib/logboom}
  {{- end }}
  containers:
    - name: logboom
      image: {{ include "logboom.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [run, --config, /etc/logboom/logboom.yaml, --data-dir, /var/lib/logboom/data]
      {{- if or .Values.env .Values.rbac.create }}
      env:
        {{- if .Values.rbac.create }}
        - {name: K8S_NODE_NAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
        {{- end }}
        {{- with .Values.env }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- end }}
      {{- with .Values.envFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        {{- $ofNode := and (eq .Values.mode "daemonset") .Values.service.hostPorts }}
        - {name: otlp-grpc, containerPort: 4317{{ if $ofNode }}, hostPort: 4317{{ end }}}
        - {name: otlp-http, containerPort: 4318{{ if $ofNode }}, hostPort: 4318{{ end }}}
        - {name: metrics, containerPort: 8888}
        - {name: health, containerPort: 13133}
      startupProbe: # a first start makes the journal, a later one may find a large store to migrate
        httpGet: {path: /live, port: health}
        periodSeconds: 2
        timeoutSeconds: 5
        failureThreshold: 150
      livenessProbe:
        httpGet: {path: /live, port: health}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: {path: /ready, port: health}
        periodSeconds: 5
        timeoutSeconds: 5
        failureThreshold: 2
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        - {name: config, mountPath: /etc/logboom, readOnly: true}
        - {name: data, mountPath: /var/lib/logboom}
        {{- if include "logboom.reads-node" . }}
        - {name: pod-logs, mountPath: /var/log/pods, readOnly: true}
        - {name: docker-logs, mountPath: /var/lib/docker/containers, readOnly: true}
        {{- end }}
        {{- with .Values.volumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: config
      configMap: {name: {{ include "logboom.name" . }}}
    {{- if eq .Values.mode "daemonset" }}
    - name: data
      {{- if .Values.persistence.hostPath }}
      hostPath: {path: {{ .Values.persistence.hostPath }}, type: DirectoryOrCreate}
      {{- else }}
      emptyDir: {}
      {{- end }}
    {{- end }}
    {{- if include "logboom.reads-node" . }}
    - name: pod-logs
      hostPath: {path: /var/log/pods}
    - name: docker-logs # where Docker runs containers, /var/log/pods links to it
      hostPath: {path: /var/lib/docker/containers}
    {{- end }}
    {{- with .Values.volumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if eq .Values.mode "gateway" }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "logboom.selector" . | nindent 10 }}
  {{- end }}
{{- end }}

{{- define "logboom.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
