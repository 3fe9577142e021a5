// Package cluster pins the control plane that the end-to-end tests run against. Nothing imports it: the blank imports
// keep go.mod and go.sum complete for scripts/build-cluster.
package cluster

import (
	_ "go.etcd.io/etcd/server/v3/etcdmain"
	_ "k8s.io/kubernetes/cmd/kube-apiserver/app"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	_ "k8s.io/kubernetes/cmd/kube-proxy/app"
)
