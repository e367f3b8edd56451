"""Writes state dicts and files of other kinds, to test what loadSafetensors makes of them.

    make_state_dicts.py --out DIR

Accepted: <name>.safetensors, or for shards an index beside them, with the logits that PyTorch
computes for `input` in expected.json. The others are refused: their names say what they are.
"""

import argparse
import json
import pickle
from pathlib import Path

import numpy as np
import tensor_file
import torch
from torch import nn

INPUTS, CLASSES, ROWS = 6, 3, 4
FORMAT = {"format": "pt"}


def perceptron(*widths):
    layers = [m for i, o in zip(widths, widths[1:]) for m in (nn.Linear(i, o), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


def arrays(model):
    return {name: tensor.numpy() for name, tensor in model.state_dict().items()}


def renamed(state, names):
    return {f"{names[key.split('.')[0]]}.{key.split('.')[1]}": value for key, value in state.items()}


def accepted(out):
    x = torch.randn(ROWS, INPUTS)
    expected = {"input": x.flatten().tolist(), "logits": {}}

    def expect(name, model):
        expected["logits"][name] = model(x).flatten().tolist()

    model = perceptron(INPUTS, 5, CLASSES)
    halves = {name: tensor.bfloat16() for name, tensor in model.state_dict().items()}
    model.load_state_dict({name: tensor.float() for name, tensor in halves.items()})
    stored = {name: tensor.view(torch.int16).numpy() for name, tensor in halves.items()}
    tensor_file.write(out / "bfloat16.safetensors", stored, FORMAT, dict.fromkeys(stored, "BF16"))
    expect("bfloat16.safetensors", model)

    model = perceptron(INPUTS, 5, CLASSES)
    doubles = {name: array.astype("<f8") for name, array in arrays(model).items()}
    tensor_file.write(out / "widened.safetensors", doubles, FORMAT)
    expect("widened.safetensors", model)

    model = perceptron(INPUTS, INPUTS, INPUTS, CLASSES)
    model[2].weight = model[0].weight
    state = arrays(model)
    del state["2.weight"]
    tensor_file.write(out / "tied-weight.safetensors", state, {**FORMAT, "2.weight": "0.weight"})
    expect("tied-weight.safetensors", model)

    model = perceptron(INPUTS, INPUTS, INPUTS, CLASSES)
    state = renamed(arrays(model), {"0": "body.1", "2": "body.10", "4": "head"})
    tensor_file.write(out / "body-head.safetensors", state, FORMAT)
    expect("body-head.safetensors", model)

    model = perceptron(INPUTS, 5, 4, CLASSES)
    write_shards(out / "sharded", arrays(model))
    expect("sharded/model.safetensors.index.json", model)
    (out / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


def write_shards(folder, state):
    """As Hugging Face's `save_pretrained` writes a model that is larger than one file."""
    folder.mkdir(exist_ok=True)
    names = sorted(state)
    files = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    places = {name: files[i >= len(names) // 2] for i, name in enumerate(names)}
    for file in files:
        part = {name: state[name] for name in names if places[name] == file}
        tensor_file.write(folder / file, part, FORMAT)
    size = sum(array.nbytes for array in state.values())
    index = {"metadata": {"total_size": size}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")


def refused(out):
    # Multiplied, since values that were float32 before fit.
    doubles = {name: 0.1 * array.astype("<f8") for name, array in arrays(perceptron(INPUTS, CLASSES)).items()}
    tensor_file.write(out / "float64.safetensors", doubles, FORMAT)
    normalized = nn.Sequential(nn.Linear(INPUTS, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, CLASSES))
    state = {name: np.ascontiguousarray(array) for name, array in arrays(normalized).items()}
    tensor_file.write(out / "batch-norm.safetensors", state, FORMAT)

    rank = np.zeros((2, INPUTS), "<f4"), np.zeros((CLASSES, 2), "<f4")
    prefix = "base_model.model.fc1"
    lora = {f"{prefix}.lora_A.weight": rank[0], f"{prefix}.lora_B.weight": rank[1]}
    tensor_file.write(out / "lora.safetensors", lora, FORMAT)

    dense = {"dense.kernel": np.zeros((INPUTS, CLASSES), "<f4"), "dense.bias": np.zeros(CLASSES, "<f4")}
    tensor_file.write(out / "keras.safetensors", dense, {})
    linear = {"0.weight": np.zeros((INPUTS, CLASSES), "<f4"), "0.bias": np.zeros(CLASSES, "<f4")}
    tensor_file.write(out / "transposed.safetensors", linear, {})
    whole = {"0.weight": np.zeros((CLASSES, INPUTS), "|i1")}
    tensor_file.write(out / "int8.safetensors", whole, FORMAT)
    tensor_file.write(out / "float8.safetensors", whole, FORMAT, {"0.weight": "F8_E4M3"})


def others(out):
    model = perceptron(INPUTS, CLASSES)
    torch.save(model.state_dict(), out / "archive.pt")
    torch.save(model.state_dict(), out / "old.pt", _use_new_zipfile_serialization=False)
    np.save(out / "array.npy", np.zeros(3, "<f4"))
    np.savez(out / "arrays.npz", x=np.zeros(3, "<f4"))
    (out / "pickle.pkl").write_bytes(pickle.dumps({"weights": [1.0]}, protocol=4))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--out", required=True, type=Path)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    with torch.no_grad():
        accepted(out)
    refused(out)
    others(out)


if __name__ == "__main__":
    main()
