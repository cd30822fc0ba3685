using System.Globalization;
using System.Reflection;
using Google.Protobuf;
using PolaFormer.Checkpoints;
using PolaFormer.Files;
using PolaFormer.Models;
using PolaFormer.Onnx.Format;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;
using Module = PolaFormer.NN.Module;

namespace PolaFormer.Onnx;

/// <summary>
/// Writes a network as an ONNX file: input <c>images</c> (batch, 3, H, W), normalised, output <c>logits</c> (batch,
/// classes), float32, the batch open. The graph is what the network's own forward pass does.
/// </summary>
/// <example><code>
/// OnnxExporter.Export(model, "model.onnx");
/// </code></example>
public static class OnnxExporter
{
    private const string InputName = "images";
    private const string OutputName = "logits";

    // Protocol buffers count bytes in 32 bits with sign.
    private const long MaxFileBytes = int.MaxValue;

    /// <summary>Writes a network; it is switched to evaluation.</summary>
    /// <param name="model">The network with its weights.</param>
    /// <param name="path">The file; an old one is replaced when the new one is complete.</param>
    /// <param name="options">Operator set and form of the power; the defaults where null.</param>
    /// <exception cref="ArgumentException">The operator set is not supported, the network is optimised for inference, or it does not fit a single file.</exception>
    /// <exception cref="FileException">The file cannot be written.</exception>
    public static void Export(VisionModel model, string path, OnnxExportOptions? options = null)
    {
        ModelProto proto = Trace(model, options ?? new OnnxExportOptions());
        OutputFile.Write(path, proto.WriteTo);
    }

    /// <summary>Writes a network of maps for images of one size: output <c>logits</c> (batch, channels, h, w).</summary>
    /// <param name="model">The network with its weights: (B, H, W, 3) → (B, h, w, channels). It is switched to evaluation.</param>
    /// <param name="height">Rows of the images in pixels.</param>
    /// <param name="width">Columns of the images in pixels.</param>
    /// <param name="path">The file; an old one is replaced when the new one is complete.</param>
    /// <param name="options">Operator set and form of the power; the defaults where null.</param>
    /// <param name="metadata">Written into the file, as architecture and labels.</param>
    /// <exception cref="ArgumentException">The operator set is not supported, the network is optimised for inference, uses what has no form in ONNX, or does not fit a single file.</exception>
    /// <exception cref="FileException">The file cannot be written.</exception>
    public static void ExportMaps(Module model, int height, int width, string path, OnnxExportOptions? options = null, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ModelProto proto = Trace(model, images => model.Forward(images).Permute(0, 3, 1, 2), height, width, options ?? new OnnxExportOptions());
        proto.Graph.Name = metadata?.GetValueOrDefault("architecture") ?? proto.Graph.Name;
        proto.MetadataProps.AddRange((metadata ?? new Dictionary<string, string>()).Where(entry => entry.Key != "format").Select(entry => new StringStringEntryProto { Key = entry.Key, Value = entry.Value }));
        OutputFile.Write(path, proto.WriteTo);
    }

    internal static ModelProto Trace(VisionModel model, OnnxExportOptions options) => Trace(model, model.Forward, model.ImageSize, model.ImageSize, options);

    private static ModelProto Trace(Module model, Func<Tensor, Tensor> forward, int height, int width, OnnxExportOptions options)
    {
        if (options.Opset is < OnnxExportOptions.MinOpset or > OnnxExportOptions.MaxOpset)
            throw new ArgumentException($"Operator set {options.Opset} is not supported; choose {OnnxExportOptions.MinOpset} to {OnnxExportOptions.MaxOpset}.", nameof(options));
        if (model.IsOptimizedForInference)
            throw new ArgumentException("The network is optimised for inference: its weights are folded and laid out for inference here. Export it before OptimizeForInference().", nameof(model));
        var names = new Dictionary<Storage, string>();
        long bytes = 0;
        foreach ((string name, Tensor tensor) in model.StateDict())
        {
            names[tensor.Storage] = name;
            bytes += tensor.ByteCount;
            if (tensor.Shape.AsSpan().ToArray().Any(extent => extent > 0 && extent % TracingDevice.Batch == 0))
                throw new ArgumentException($"{name} has an extent that is a multiple of {TracingDevice.Batch}, which the exporter keeps for the batch.", nameof(model));
        }

        // Before the work and the memory; checked again below with the constants.
        RequireSingleFile(bytes);
        var builder = new GraphBuilder();
        var device = new TracingDevice(builder, names, options);
        model.Evaluate();
        Shape result;
        using (MemoryScope.Enter())
        {
            Tensor logits = forward(device.Images(InputName, [TracingDevice.Batch, height, width, 3]));
            result = logits.Shape;
            device.Output(logits, OutputName);
        }

        RequireSingleFile(builder.InitializerBytes);

        GraphProto graph = builder.Graph;
        graph.Name = options.Description?.Model ?? model.GetType().Name;
        graph.Input.Add(Value(InputName, 3, height, width));
        graph.Output.Add(Value(OutputName, result.AsSpan()[1..]));
        var proto = new ModelProto
        {
            // The version of the format that came with the operator set.
            IrVersion = options.Opset switch { < 19 => 8, _ => 9 },
            ProducerName = "PolaFormer for .NET",
            ProducerVersion = typeof(OnnxExporter).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "",
            Graph = graph,
            OpsetImport = { new OperatorSetIdProto { Version = options.Opset } },
        };
        proto.MetadataProps.AddRange(Metadata(options.Description).Select(entry => new StringStringEntryProto { Key = entry.Key, Value = entry.Value }));
        return proto;
    }

    // "format" speaks of checkpoints.
    private static IEnumerable<KeyValuePair<string, string>> Metadata(ModelDescription? description) =>
        description?.ToMetadata().Where(entry => entry.Key != "format") ?? [];

    private static ValueInfoProto Value(string name, params ReadOnlySpan<int> extents)
    {
        var shape = new TensorShapeProto { Dim = { new TensorShapeProto.Types.Dimension { DimParam = "batch" } } };
        foreach (int extent in extents)
            shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = extent });
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = TensorProto.Types.DataType.Float, Shape = shape } } };
    }

    private static void RequireSingleFile(long bytes)
    {
        if (bytes > MaxFileBytes - (1 << 24))
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"The network holds {bytes:N0} bytes; an ONNX file with its weights inside holds at most 2 GB, and weights in separate files are not supported."));
    }
}
