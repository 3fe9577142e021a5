// Command lookup NAME any|4|6 prints what Go's own resolver gives: "ok ADDRESS..." (sorted, each once) or "not found" or
// "temporary".
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sort"
	"strings"
)

func main() {
	networks := map[string]string{"any": "ip", "4": "ip4", "6": "ip6"}
	resolver := net.Resolver{PreferGo: true}
	found, err := resolver.LookupIP(context.Background(), networks[os.Args[2]], os.Args[1])
	var wrong *net.DNSError
	switch {
	case errors.As(err, &wrong) && wrong.IsNotFound:
		fmt.Println("not found")
	case err != nil:
		fmt.Println("temporary")
	default:
		unique := map[string]bool{}
		for _, address := range found {
			unique[address.String()] = true
		}
		texts := make([]string, 0, len(unique))
		for text := range unique {
			texts = append(texts, text)
		}
		sort.Strings(texts)
		fmt.Println("ok " + strings.Join(texts, " "))
	}
}
