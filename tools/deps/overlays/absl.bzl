"""The packages of Abseil and what each target of theirs exports, by the names that Abseil's own BUILD files give."""

# package: target: headers, by their paths under absl/.
PACKAGES = {
    "algorithm": {"algorithm": ["algorithm/algorithm.h"], "container": ["algorithm/container.h"]},
    "base": {
        "base": ["base/call_once.h", "base/casts.h"],
        "config": ["base/config.h", "base/options.h", "base/policy_checks.h"],
        "core_headers": [],
        "dynamic_annotations": ["base/dynamic_annotations.h"],
        "log_severity": ["base/log_severity.h"],
    },
    "cleanup": {"cleanup": ["cleanup/cleanup.h"]},
    "container": {
        "btree": ["container/btree_map.h", "container/btree_set.h"],
        "fixed_array": ["container/fixed_array.h"],
        "flat_hash_map": ["container/flat_hash_map.h"],
        "flat_hash_set": ["container/flat_hash_set.h"],
        "inlined_vector": ["container/inlined_vector.h"],
        "node_hash_map": ["container/node_hash_map.h"],
        "node_hash_set": ["container/node_hash_set.h"],
    },
    "debugging": {
        "failure_signal_handler": ["debugging/failure_signal_handler.h"],
        "stacktrace": ["debugging/stacktrace.h"],
        "symbolize": ["debugging/symbolize.h"],
    },
    "flags": {
        "commandlineflag": ["flags/commandlineflag.h"],
        "config": ["flags/config.h"],
        "flag": ["flags/declare.h", "flags/flag.h"],
        "marshalling": ["flags/marshalling.h"],
        "parse": ["flags/parse.h"],
        "reflection": ["flags/reflection.h"],
        "usage": ["flags/usage.h"],
    },
    "functional": {
        "any_invocable": ["functional/any_invocable.h"],
        "bind_front": ["functional/bind_front.h"],
        "function_ref": ["functional/function_ref.h"],
    },
    "hash": {"hash": ["hash/hash.h"], "hash_testing": ["hash/hash_testing.h"]},
    "memory": {"memory": ["memory/memory.h"]},
    "meta": {"type_traits": ["meta/type_traits.h"]},
    "numeric": {"bits": ["numeric/bits.h"], "int128": ["numeric/int128.h"]},
    "random": {
        "bit_gen_ref": ["random/bit_gen_ref.h"],
        "distributions": ["random/distributions.h"],
        "random": ["random/random.h"],
        "seed_sequences": ["random/seed_sequences.h"],
    },
    "status": {"status": ["status/status.h"], "statusor": ["status/statusor.h"]},
    "strings": {
        "cord": ["strings/cord.h"],
        "str_format": ["strings/str_format.h"],
        "strings": ["strings/" + header for header in [
            "ascii.h",
            "charconv.h",
            "escaping.h",
            "match.h",
            "numbers.h",
            "str_cat.h",
            "str_join.h",
            "str_replace.h",
            "str_split.h",
            "string_view.h",
            "strip.h",
            "substitute.h",
        ]],
    },
    "synchronization": {
        "synchronization": ["synchronization/" + header for header in ["barrier.h", "blocking_counter.h", "mutex.h", "notification.h"]],
    },
    "time": {"time": ["time/civil_time.h", "time/clock.h", "time/time.h"]},
    "types": {
        "any": ["types/any.h"],
        "compare": ["types/compare.h"],
        "optional": ["types/optional.h"],
        "span": ["types/span.h"],
        "variant": ["types/variant.h"],
    },
    "utility": {"utility": ["utility/utility.h"]},
}

def absl_package():
    """Declares the targets of the package it is called in."""
    package = native.package_name()
    for target, headers in PACKAGES[package.removeprefix("absl/")].items():
        if target == "core_headers":
            native.alias(name = target, actual = "//:core_headers")
        else:
            native.cc_library(
                name = target,
                hdrs = ["//:usr/include/absl/" + header for header in headers],
                deps = ["//:implementation"],
            )
