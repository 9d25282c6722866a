// An OpAMP server: opamp-go's `server` package, told what to offer and asked what it heard over a control port.
//
//	GET  /agents        what each instance said last, as JSON: the fields it told, merged over all messages
//	POST /offer         body: YAML to offer to whoever accepts remote configurations; header Hash: its hash
//	POST /ask?what=…    full | components | restart | uid: what the next answer asks of the agent
//	POST /busy?secs=N   refuse connections with 503 and Retry-After until N = 0
package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/open-telemetry/opamp-go/protobufs"
	"github.com/open-telemetry/opamp-go/server"
	"github.com/open-telemetry/opamp-go/server/types"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

type agent struct {
	Status   *protobufs.AgentToServer
	Messages int
	Gaps     int
	Left     bool
	conn     types.Connection
}

var (
	lock   sync.Mutex
	agents = map[string]*agent{}
	offer  *protobufs.AgentRemoteConfig
	asked  = map[string]bool{}
	busy   = "0"
	token  = flag.String("token", "", "bearer token that agents must show")
)

type quiet struct{}

func (quiet) Debugf(context.Context, string, ...any) {}
func (quiet) Errorf(_ context.Context, format string, v ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", v...)
}

func heard(_ context.Context, conn types.Connection, said *protobufs.AgentToServer) *protobufs.ServerToAgent {
	lock.Lock()
	defer lock.Unlock()
	uid := hex.EncodeToString(said.InstanceUid)
	answer := &protobufs.ServerToAgent{InstanceUid: said.InstanceUid}
	known := agents[uid]
	if known == nil {
		known = &agent{Status: &protobufs.AgentToServer{}}
		agents[uid] = known
		if said.AgentDescription == nil {
			answer.Flags |= uint64(protobufs.ServerToAgentFlags_ServerToAgentFlags_ReportFullState)
		}
	} else if said.SequenceNum != 0 && said.SequenceNum != known.Status.SequenceNum+1 {
		known.Gaps++
		answer.Flags |= uint64(protobufs.ServerToAgentFlags_ServerToAgentFlags_ReportFullState)
	}
	known.conn = conn
	known.Messages++
	known.Left = said.AgentDisconnect != nil
	before := known.Status
	known.Status = proto.Clone(said).(*protobufs.AgentToServer)
	keep(before, known.Status)
	wanted(known, answer)
	return answer
}

// keep fills what a message left out, because it had not changed.
func keep(before, now *protobufs.AgentToServer) {
	if now.AgentDescription == nil {
		now.AgentDescription = before.AgentDescription
	}
	if now.Health == nil {
		now.Health = before.Health
	}
	if now.EffectiveConfig == nil {
		now.EffectiveConfig = before.EffectiveConfig
	}
	if now.RemoteConfigStatus == nil {
		now.RemoteConfigStatus = before.RemoteConfigStatus
	}
	if now.AvailableComponents == nil || len(now.AvailableComponents.Components) == 0 {
		if before.AvailableComponents != nil {
			now.AvailableComponents = before.AvailableComponents
		}
	}
}

func wanted(known *agent, answer *protobufs.ServerToAgent) {
	accepts := known.Status.Capabilities&uint64(protobufs.AgentCapabilities_AgentCapabilities_AcceptsRemoteConfig) != 0
	if offer != nil && accepts {
		status := known.Status.RemoteConfigStatus
		if status == nil || string(status.LastRemoteConfigHash) != string(offer.ConfigHash) {
			answer.RemoteConfig = offer
		}
	}
	for what := range asked {
		switch what {
		case "full":
			answer.Flags |= uint64(protobufs.ServerToAgentFlags_ServerToAgentFlags_ReportFullState)
		case "components":
			answer.Flags |= uint64(protobufs.ServerToAgentFlags_ServerToAgentFlags_ReportAvailableComponents)
		case "restart":
			// A message with a command has nothing else in it.
			answer.RemoteConfig = nil
			answer.Command = &protobufs.ServerToAgentCommand{Type: protobufs.CommandType_CommandType_Restart}
		case "uid":
			given := make([]byte, 16)
			copy(given, known.Status.InstanceUid)
			given[15] ^= 0xff
			answer.AgentIdentification = &protobufs.AgentIdentification{NewInstanceUid: given}
		}
		delete(asked, what)
	}
}

// push sends what is wanted to those who are connected over a WebSocket; the others come and ask.
func push() {
	lock.Lock()
	defer lock.Unlock()
	for _, known := range agents {
		if known.conn == nil || known.Left {
			continue
		}
		answer := &protobufs.ServerToAgent{InstanceUid: known.Status.InstanceUid}
		kept := map[string]bool{}
		for what := range asked {
			kept[what] = true
		}
		wanted(known, answer)
		if err := known.conn.Send(context.Background(), answer); err != nil {
			asked = kept
		}
	}
}

func connecting(request *http.Request) types.ConnectionResponse {
	lock.Lock()
	defer lock.Unlock()
	if busy != "0" {
		return types.ConnectionResponse{HTTPStatusCode: 503, HTTPResponseHeader: map[string]string{"Retry-After": busy}}
	}
	if *token != "" && request.Header.Get("Authorization") != "Bearer "+*token {
		return types.ConnectionResponse{HTTPStatusCode: 401}
	}
	return types.ConnectionResponse{Accept: true, ConnectionCallbacks: types.ConnectionCallbacks{OnMessage: heard}}
}

func shown(writer http.ResponseWriter, _ *http.Request) {
	lock.Lock()
	defer lock.Unlock()
	all := map[string]any{}
	for uid, known := range agents {
		said, _ := protojson.Marshal(known.Status)
		all[uid] = map[string]any{"status": json.RawMessage(said), "messages": known.Messages, "gaps": known.Gaps, "left": known.Left}
	}
	_ = json.NewEncoder(writer).Encode(all)
}

func main() {
	agentsAt := flag.String("agents", "127.0.0.1:0", "where agents come")
	controlAt := flag.String("control", "127.0.0.1:0", "where tests ask")
	flag.Parse()
	opamp := server.New(quiet{})
	settings := server.StartSettings{ListenEndpoint: *agentsAt, ListenPath: "/v1/opamp"}
	settings.Callbacks = types.Callbacks{OnConnecting: connecting}
	if err := opamp.Start(settings); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	http.HandleFunc("GET /agents", shown)
	http.HandleFunc("POST /offer", func(_ http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		lock.Lock()
		offer = &protobufs.AgentRemoteConfig{
			Config:     &protobufs.AgentConfigMap{ConfigMap: map[string]*protobufs.AgentConfigFile{"": {Body: body, ContentType: "text/yaml"}}},
			ConfigHash: []byte(request.Header.Get("Hash")),
		}
		lock.Unlock()
		push()
	})
	http.HandleFunc("POST /ask", func(_ http.ResponseWriter, request *http.Request) {
		lock.Lock()
		asked[request.URL.Query().Get("what")] = true
		lock.Unlock()
		push()
	})
	http.HandleFunc("POST /busy", func(_ http.ResponseWriter, request *http.Request) {
		lock.Lock()
		defer lock.Unlock()
		busy = request.URL.Query().Get("secs")
	})
	listener, err := net.Listen("tcp", *controlAt)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%s %s\n", opamp.Addr(), listener.Addr())
	_ = http.Serve(listener, nil)
}
