// The conformance suite's driver of the Go client: a JSON line in, a JSON line out.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"strconv"
	"sync"
	"time"

	"bearerd"
)

type answer struct {
	OK            bool    `json:"ok"`
	Status        int     `json:"status"`
	Subject       *string `json:"subject"`
	Authorization string  `json:"authorization,omitempty"`
}

func main() {
	milliseconds, err := strconv.Atoi(os.Getenv("BEARERD_TIMEOUT_MS"))
	if err != nil {
		milliseconds = 2000
	}
	workers, _ := strconv.Atoi(os.Getenv("BEARERD_WORKERS"))
	daemon := bearerd.New("", time.Duration(milliseconds)*time.Millisecond)
	var lock sync.Mutex
	output := json.NewEncoder(os.Stdout)
	output.SetEscapeHTML(false)
	ask := func(line []byte) {
		var members bearerd.Members
		if json.Unmarshal(line, &members) != nil {
			os.Exit(1)
		}
		authorization, _ := members["authorization"].(string)
		verdict := daemon.Verify(context.Background(), authorization, members)
		result := answer{OK: verdict.OK, Status: verdict.Status}
		if subject, ok := verdict.Claims["sub"].(string); ok {
			result.Subject = &subject
		}
		if workers > 0 {
			result.Authorization = authorization
		}
		lock.Lock()
		defer lock.Unlock()
		output.Encode(result)
	}
	var others [][]byte
	input := bufio.NewReader(os.Stdin)
	for number := 0; ; number++ {
		line, err := input.ReadBytes('\n')
		if err != nil {
			break
		}
		if workers == 0 || number == 0 {
			ask(line)
		} else {
			others = append(others, line)
		}
	}
	var group sync.WaitGroup
	for worker := 0; worker < workers; worker++ {
		group.Add(1)
		go func(worker int) {
			defer group.Done()
			for index := worker; index < len(others); index += workers {
				ask(others[index])
			}
		}(worker)
	}
	group.Wait()
}
