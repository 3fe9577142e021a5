// Package coredns pins the server that fairlead's answers are held against. Nothing imports it: the blank imports keep
// go.mod and go.sum complete for scripts/build-cluster.
package coredns

import (
	_ "github.com/coredns/coredns/core/plugin"
	_ "github.com/coredns/coredns/coremain"
)
