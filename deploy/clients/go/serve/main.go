// An application with guarded paths, for the test of Guard.
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"bearerd"
)

func main() {
	daemon := bearerd.New("", 2*time.Second)
	subject := http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		json.NewEncoder(writer).Encode(map[string]any{"subject": bearerd.ClaimsOf(request.Context())["sub"]})
	})
	http.Handle("/me", daemon.Guard(nil, subject))
	http.Handle("/orders", daemon.Guard(bearerd.Members{"scope": "orders:read"}, subject))
	http.Handle("/delete", daemon.Guard(bearerd.Members{"max_age": 300}, subject))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, nil)
}
