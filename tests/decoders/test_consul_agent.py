"""What /v1/agent/self says."""

import pytest

from consul_sniff.decoders.consul_agent import message_of

# customports-apiclient.pcap, frame 112 and before, the settings that are read (1.13.9)
REAL = {
    "Config": {"Datacenter": "dc1", "NodeName": "s1", "NodeID": "252615fe-1477-e103-0411-ae986170c711", "Server": True,
               "Version": "1.13.9"},
    "DebugConfig": {
        "ACLResolverSettings": {"ACLDefaultPolicy": "allow", "ACLsEnabled": False}, "ACLsEnabled": False,
        "AdvertiseAddrLAN": "10.77.0.11", "DNSPort": 17600, "DisableRemoteExec": True, "EnableRemoteScriptChecks": False,
        "GRPCPort": 17502, "HTTPPort": 17500, "HTTPSPort": -1, "SerfPortLAN": 17301, "SerfPortWAN": 17302, "ServerMode": True,
        "ServerPort": 17300, "StaticRuntimeConfig": {"EncryptVerifyIncoming": True, "EncryptVerifyOutgoing": True},
        "TLS": {"InternalRPC": {"VerifyIncoming": False, "VerifyOutgoing": False, "VerifyServerHostname": False}}},
    "Stats": {"serf_lan": {"encrypted": "false"}},
}


def test_a_real_agent():
    message = message_of(REAL)
    fields = dict(message.fields)
    assert fields == {
        "disable_remote_exec": True, "acl_default_policy": "allow", "acls_enabled": False, "default_intention_policy": None,
        "server": True, "verify_incoming": False, "verify_outgoing": False, "verify_server_hostname": False,
        "encrypt_verify_incoming": True, "encrypt_verify_outgoing": True, "gossip_encrypted": False,
        "remote_script_checks": False}
    assert message.fields == tuple(sorted(message.fields))
    [claim] = message.claims
    assert (claim.kind, claim.subject) == ("agent", ("10.77.0.11",))
    ports = {key: value for key, value in claim.value if key.endswith("_port")}
    assert ports == {"server_port": 17300, "serf_lan_port": 17301, "serf_wan_port": 17302, "http_port": 17500,
                     "grpc_port": 17502, "dns_port": 17600}
    assert dict(claim.value)["version"] == "1.13.9"


def test_an_old_agent_has_its_settings_one_level_up():
    fields = dict(message_of({"DebugConfig": {"ACLDefaultPolicy": "deny", "VerifyIncoming": True,
                                              "EncryptVerifyIncoming": False}}).fields)
    assert (fields["acl_default_policy"], fields["verify_incoming"], fields["encrypt_verify_incoming"]) == ("deny", True, False)
    assert fields["disable_remote_exec"] is None


@pytest.mark.parametrize("debug", [{}, {"TLS": [], "ACLResolverSettings": 5, "HTTPPort": True, "DisableRemoteExec": "no",
                                        "AdvertiseAddrLAN": "nowhere"}])
def test_what_is_not_shaped_so_is_not_known(debug):
    message = message_of({"DebugConfig": debug, "Config": [], "Stats": None})
    assert {value for _, value in message.fields} == {None}
    assert message.claims[0].subject == ("",)
    assert message.claims[0].value == ()
