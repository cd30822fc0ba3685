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
/// classes), float32, the batch open, in networks of maps height and width, too. The graph is what the network's own forward pass does.
/// </summary>
/// <example><code>
/// OnnxExporter.Export(model, "model.onnx");
/// </code></example>
public static class OnnxExporter
{
    private const string InputName = "images";
    private const string OutputName = "logits";

    private static readonly int[] s_primes = [11, 13, 17, 19, 23, 29, 31, 37];

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

    /// <summary>Writes a network of maps: output <c>logits</c> (batch, channels, h, w). Height and width of the images are open or fixed.</summary>
    /// <param name="model">The network with its weights: (B, H, W, 3) → (B, h, w, channels). It is switched to evaluation.</param>
    /// <param name="size">Height and width of the images.</param>
    /// <param name="path">The file; an old one is replaced when the new one is complete.</param>
    /// <param name="options">Operator set and form of the power; the defaults where null.</param>
    /// <param name="metadata">Written into the file, as architecture and labels.</param>
    /// <exception cref="ArgumentException">The operator set is not supported, the network is optimised for inference, uses what has no form in ONNX, or does not fit a single file.</exception>
    /// <exception cref="FileException">The file cannot be written.</exception>
    public static void ExportMaps(Module model, OnnxImageSize size, string path, OnnxExportOptions? options = null, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ModelProto proto = Trace(model, images => model.Forward(images).Permute(0, 3, 1, 2), size, options ?? new OnnxExportOptions());
        proto.Graph.Name = metadata?.GetValueOrDefault("architecture") ?? proto.Graph.Name;
        proto.MetadataProps.AddRange((metadata ?? new Dictionary<string, string>()).Where(entry => entry.Key != "format").Select(entry => new StringStringEntryProto { Key = entry.Key, Value = entry.Value }));
        OutputFile.Write(path, proto.WriteTo);
    }

    internal static ModelProto Trace(VisionModel model, OnnxExportOptions options) => Trace(model, model.Forward, OnnxImageSize.Fixed(model.ImageSize, model.ImageSize), options);

    private static ModelProto Trace(Module model, Func<Tensor, Tensor> forward, OnnxImageSize size, OnnxExportOptions options)
    {
        if (options.Opset is < OnnxExportOptions.MinOpset or > OnnxExportOptions.MaxOpset)
            throw new ArgumentException($"Operator set {options.Opset} is not supported; choose {OnnxExportOptions.MinOpset} to {OnnxExportOptions.MaxOpset}.", nameof(options));
        if (model.IsOptimizedForInference)
            throw new ArgumentException("The network is optimised for inference: its weights are folded and laid out for inference here. Export it before OptimizeForInference().", nameof(model));
        var builder = new GraphBuilder();
        var names = new Dictionary<Storage, string>();
        var extents = new HashSet<int>();
        long bytes = 0;
        foreach ((string name, Tensor tensor) in model.StateDict())
        {
            names[tensor.Storage] = name;
            bytes += tensor.ByteCount;
            extents.UnionWith(tensor.Shape.AsSpan().ToArray());
            if (tensor.Shape.AsSpan().ToArray().Any(extent => extent > 0 && extent % OpenExtents.Batch == 0))
                throw new ArgumentException($"{name} has an extent that is a multiple of {OpenExtents.Batch}, which the exporter keeps for the batch.", nameof(model));
        }

        (int height, int width, OpenExtents open) = Traced(size, builder, extents);
        // Before the work and the memory; checked again below with the constants.
        RequireSingleFile(bytes);
        var device = new TracingDevice(builder, names, options);
        model.Evaluate();
        Shape result;
        using (MemoryScope.Enter())
        {
            Tensor logits = forward(device.Images(InputName, [OpenExtents.Batch, height, width, 3], open));
            result = logits.Shape;
            device.Output(logits, OutputName);
        }

        RequireSingleFile(builder.InitializerBytes);

        GraphProto graph = builder.Graph;
        graph.Name = options.Description?.Model ?? model.GetType().Name;
        graph.Input.Add(Value(InputName, [OpenExtents.Batch, 3, height, width], height, width, open));
        graph.Output.Add(Value(OutputName, result, height, width, open));
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

    // The pixels of a traced side, and the primes: none divides an extent of the network.
    private static (int Height, int Width, OpenExtents Open) Traced(OnnxImageSize size, GraphBuilder builder, IEnumerable<int> extents)
    {
        if (!size.IsOpen)
            return (size.Height, size.Width, new OpenExtents(builder, InputName, 0, 0, 1));
        int[] primes = [.. s_primes.Where(prime => extents.All(extent => extent % prime != 0)).Take(2)];
        if (primes.Length < 2)
            throw new ArgumentException($"Extents of the network are multiples of all but one of {string.Join(", ", s_primes)}, of which two are kept for an open height and width. Fix the size.");
        return (primes[0] * size.Divisor, primes[1] * size.Divisor, new OpenExtents(builder, InputName, primes[0], primes[1], size.Divisor));
    }

    private static ValueInfoProto Value(string name, Shape extents, int height, int width, OpenExtents open)
    {
        var shape = new TensorShapeProto();
        foreach (int extent in extents.AsSpan())
            shape.Dim.Add(open.IsOpen(extent) ? new TensorShapeProto.Types.Dimension { DimParam = NameOf(extent) } : new TensorShapeProto.Types.Dimension { DimValue = extent });
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = TensorProto.Types.DataType.Float, Shape = shape } } };

        string NameOf(int extent) => extent == OpenExtents.Batch ? "batch" : extent == height ? "height" : extent == width ? "width" : $"{name}_{shape.Dim.Count}";
    }

    private static void RequireSingleFile(long bytes)
    {
        if (bytes > MaxFileBytes - (1 << 24))
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"The network holds {bytes:N0} bytes; an ONNX file with its weights inside holds at most 2 GB, and weights in separate files are not supported."));
    }
}
