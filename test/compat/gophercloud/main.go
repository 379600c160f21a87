// Makes, finds, changes and deletes a network with gophercloud, the library of Terraform's provider and of Kubernetes. Prints what it saw as JSON.
// Run by ../gophercloud.test.ts with the OS_* variables set.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/provider"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/quotas"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/networks"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/ports"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/subnets"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	ctx := context.Background()
	options := must(openstack.AuthOptionsFromEnv())
	cloud := must(openstack.AuthenticatedClient(ctx, options))
	client := must(openstack.NewNetworkV2(cloud, gophercloud.EndpointOpts{Region: "RegionOne"}))
	saw := map[string]any{}

	network := must(networks.Create(ctx, client, networks.CreateOpts{Name: "go"}).Extract())
	subnet := must(subnets.Create(ctx, client, subnets.CreateOpts{
		NetworkID: network.ID, IPVersion: gophercloud.IPv4, CIDR: "10.6.0.0/24", DNSNameservers: []string{"10.6.0.3"},
	}).Extract())
	made := []*ports.Port{}
	for _, name := range []string{"a", "b", "c"} {
		options := ports.CreateOpts{NetworkID: network.ID, Name: name}
		if name == "a" {
			options.FixedIPs = []ports.IP{{SubnetID: subnet.ID, IPAddress: "10.6.0.9"}}
		}
		made = append(made, must(ports.Create(ctx, client, options).Extract()))
	}
	saw["made"] = len(made)
	saw["address"] = made[0].FixedIPs[0].IPAddress

	pages := must(ports.List(client, ports.ListOpts{NetworkID: network.ID, Limit: 2, SortKey: "name", SortDir: "asc"}).AllPages(ctx))
	names := []string{}
	for _, port := range must(ports.ExtractPorts(pages)) {
		names = append(names, port.Name)
	}
	saw["listed"] = names

	name, stale, up := "go2", 99, false
	_, err := networks.Update(ctx, client, network.ID, networks.UpdateOpts{Name: &name, RevisionNumber: &stale}).Extract()
	saw["stale"] = gophercloud.ResponseCodeIs(err, 412)
	changed := must(networks.Update(ctx, client, network.ID, networks.UpdateOpts{Name: &name, AdminStateUp: &up}).Extract())
	saw["changed"] = []any{changed.Name, changed.AdminStateUp}

	var carried struct {
		networks.Network
		provider.NetworkProviderExt
	}
	if err := networks.Get(ctx, client, network.ID).ExtractInto(&carried); err != nil {
		log.Fatal(err)
	}
	saw["type"] = carried.NetworkType
	saw["used"] = must(quotas.GetDetail(ctx, client, network.ProjectID).Extract()).Port.Used

	saw["in use"] = gophercloud.ResponseCodeIs(networks.Delete(ctx, client, network.ID).ExtractErr(), 409)
	for _, port := range made {
		if err := ports.Delete(ctx, client, port.ID).ExtractErr(); err != nil {
			log.Fatal(err)
		}
	}
	if err := networks.Delete(ctx, client, network.ID).ExtractErr(); err != nil {
		log.Fatal(err)
	}
	_, err = networks.Get(ctx, client, network.ID).Extract()
	saw["gone"] = gophercloud.ResponseCodeIs(err, 404)
	if err := json.NewEncoder(os.Stdout).Encode(saw); err != nil {
		log.Fatal(err)
	}
}
