# Builds the CPU addon with node-gyp where there is no CMake; CMakeLists.txt is the build of record.
{
  "variables": {
    "list": "node -p \"require('./native/sources.json')[process.argv[1]].map(file => 'native/' + file).join(' ')\"",
  },
  "target_defaults": {
    "include_dirs": ["native/include", "native"],
    "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-O2"],
    "cflags_cc": ["-std=c++20", "-O3", "-Wall", "-Wextra", "-ffp-contract=off", "-fvisibility=hidden"],
    "cflags": ["-fPIC"],
    "xcode_settings": {
      "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
      "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
      "OTHER_CPLUSPLUSFLAGS": ["-O3", "-ffp-contract=off"],
    },
  },
  "targets": [
    {
      "target_name": "lethe",
      "sources": [
        "<!@(<(list) core)", "<!@(<(list) cpu)", "<!@(<(list) linalg)", "<!@(<(list) withoutCuda)", "<!@(<(list) node)",
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_CPP_EXCEPTIONS"],
      "conditions": [
        ["target_arch == 'x64'", {"dependencies": ["avx2", "avx512"]}],
        ["target_arch == 'arm64'", {"sources": ["<!@(<(list) neon)"]}],
      ],
    },
  ],
  "conditions": [
    ["target_arch == 'x64'", {
      # Only these files may use the instructions that a machine can lack.
      "targets": [
        {
          "target_name": "avx2",
          "type": "static_library",
          "sources": ["<!@(<(list) avx2)"],
          "cflags_cc": ["-mavx2", "-mfma"],
          "xcode_settings": {"OTHER_CPLUSPLUSFLAGS": ["-mavx2", "-mfma"]},
        },
        {
          "target_name": "avx512",
          "type": "static_library",
          "sources": ["<!@(<(list) avx512)"],
          "cflags_cc": ["-mavx512f", "-mavx2", "-mfma", "-Wno-uninitialized", "-Wno-maybe-uninitialized"],
          "xcode_settings": {"OTHER_CPLUSPLUSFLAGS": ["-mavx512f", "-mavx2", "-mfma"]},
        },
      ],
    }],
  ],
}
