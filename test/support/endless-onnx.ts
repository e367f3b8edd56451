import { create, toBinary } from '@bufbuild/protobuf';
import { matrix, node } from '#lethe/formats/onnx/export-nodes';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  TensorProto_DataType,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from '#lethe/formats/onnx/onnx_pb';

const { BOOL, INT64 } = TensorProto_DataType;

/** An ONNX file with rows [N, 1] whose run adds 1 to them 2^62 times, and so never ends. */
export function endlessOnnx(): Uint8Array {
  const loop = node('Loop', ['times', 'true', 'input'], 'logits');
  const { GRAPH } = AttributeProto_AttributeType;
  loop.attribute = [create(AttributeProtoSchema, { name: 'body', type: GRAPH, g: body() })];
  const graph = create(GraphProtoSchema, {
    ...{
      name: 'endless',
      input: [matrix('input', 1)],
      output: [matrix('logits', 1)],
      node: [loop],
    },
    initializer: [
      { name: 'times', dataType: INT64, int64Data: [2n ** 62n] },
      { name: 'true', dataType: BOOL, int32Data: [1] },
    ],
  });
  const model = { irVersion: 8n, opsetImport: [{ version: 17n }], graph };
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, model));
}

function body(): GraphProto {
  return create(GraphProtoSchema, {
    name: 'body',
    input: [scalar('time', INT64), scalar('more', BOOL), matrix('rows', 1)],
    output: [scalar('evenMore', BOOL), matrix('nextRows', 1)],
    node: [node('Identity', ['more'], 'evenMore'), node('Add', ['rows', 'one'], 'nextRows')],
    initializer: [{ name: 'one', dataType: TensorProto_DataType.FLOAT, floatData: [1] }],
  });
}

function scalar(name: string, elemType: TensorProto_DataType): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType, shape: { dim: [] } } } },
  });
}
