using System.Runtime.InteropServices;
using PolaFormer.Checkpoints;
using PolaFormer.Files;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Onnx.Format;
using PolaFormer.Tensors;
using DataType = PolaFormer.Onnx.Format.TensorProto.Types.DataType;

namespace PolaFormer.Onnx.Tests;

/// <summary>What can be said of an exported graph without running it.</summary>
public class GraphTests
{
    // Stored as what is computed from them, or not read by the forward pass at all.
    private static readonly string[] Derived = ["power", "scale", "s1", "s2", "relative_position_bias_table", "pos.weight", "dwconv.weight"];
    private static readonly string[] Unused = ["norm.weight", "norm.bias"];

    public static TheoryData<string> Names => [.. ModelRegistry.All.Select(entry => entry.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryModelGivesAWellFormedGraphWithAnOpenBatch(string name)
    {
        VisionModel model = ModelRegistry.Find(name).Create();
        GraphProto graph = OnnxExporter.Trace(model, new OnnxExportOptions()).Graph;

        var defined = graph.Initializer.Select(initializer => initializer.Name).Concat(graph.Input.Select(input => input.Name)).ToHashSet();
        Assert.Equal(graph.Initializer.Count + graph.Input.Count, defined.Count);
        foreach (NodeProto node in graph.Node)
        {
            Assert.All(node.Input, input => Assert.True(input == "" || defined.Contains(input), $"{node.Name} reads {input} before it is computed."));
            Assert.True(defined.Add(Assert.Single(node.Output)), $"{node.Output[0]} is computed twice.");
        }

        var read = graph.Node.SelectMany(node => node.Input).Concat(graph.Output.Select(output => output.Name)).ToHashSet();
        Assert.Empty(defined.Except(read));
        Assert.All(graph.Initializer, initializer =>
            Assert.Equal(initializer.Dims.Aggregate(initializer.DataType == DataType.Int64 ? 8L : 4L, (bytes, extent) => bytes * extent), initializer.RawData.Length));

        Assert.Equal(["batch", "3", $"{model.ImageSize}", $"{model.ImageSize}"], Extents(Assert.Single(graph.Input)));
        Assert.Equal(["batch", $"{model.NumClasses}"], Extents(Assert.Single(graph.Output)));
        IEnumerable<long> numbers = graph.Initializer
            .Where(initializer => initializer.DataType == DataType.Int64)
            .SelectMany(initializer => MemoryMarshal.Cast<byte, long>(initializer.RawData.Span).ToArray())
            .Concat(graph.Initializer.SelectMany(initializer => initializer.Dims));
        Assert.DoesNotContain(numbers, number => number != 0 && number % OpenExtents.Batch == 0);
    }

    [Theory]
    [InlineData("pola_pvt_tiny")]
    [InlineData("pola_swin_tiny")]
    [InlineData("polaformer_pp_b0")]
    public void ParametersAreInitializersOfTheirNameShapeAndValues(string name)
    {
        VisionModel model = ModelRegistry.Find(name).Create();
        RandomWeights.Fill(model, 1);
        GraphProto graph = OnnxExporter.Trace(model, new OnnxExportOptions()).Graph;

        var initializers = graph.Initializer.ToDictionary(initializer => initializer.Name);
        foreach ((string parameter, Parameter values) in model.NamedParameters())
        {
            if (!initializers.TryGetValue(parameter, out TensorProto? initializer))
            {
                Assert.True(Derived.Any(parameter.EndsWith) || Unused.Contains(parameter), $"{parameter} is missing.");
                continue;
            }

            Assert.Equal(values.Count, initializer.Dims.Aggregate(1L, (count, extent) => count * extent));
            Assert.True(values.AsBytes().SequenceEqual(initializer.RawData.Span), parameter);
        }
    }

    [Fact]
    public void FileReadsBackWithItsDescription()
    {
        using var folder = new TemporaryFolder();
        string path = folder.PathOf("model.onnx");
        File.WriteAllText(path, "an older file");
        VisionModel model = ModelRegistry.Find("polaformer_pp_cifar").Create();
        model.Initialize(1);
        var description = new ModelDescription { Model = "polaformer_pp_cifar", ImageSize = 32, Labels = ["airplane", "Flugzeug"], Mean = [0.1f, 0.2f, 0.3f] };
        var options = new OnnxExportOptions { Opset = 18, Description = description };
        OnnxExporter.Export(model, path, options);

        Assert.Equal(["model.onnx"], folder.Files());
        ModelProto proto = ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));
        Assert.Equal(OnnxExporter.Trace(model, options), proto);
        Assert.Equal(18, Assert.Single(proto.OpsetImport).Version);
        Assert.Equal("polaformer_pp_cifar", proto.Graph.Name);
        var metadata = proto.MetadataProps.ToDictionary(entry => entry.Key, entry => entry.Value);
        Assert.Equal("""["airplane","Flugzeug"]""", metadata["labels"]);
        Assert.Equal("[0.1,0.2,0.3]", metadata["mean"]);
        Assert.Equal("32", metadata["image_size"]);
    }

    [Fact]
    public void FileThatCannotBeWrittenLeavesNothing()
    {
        using var folder = new TemporaryFolder();
        VisionModel model = ModelRegistry.Find("polaformer_pp_cifar").Create();
        var error = Assert.Throws<FileException>(() => OnnxExporter.Export(model, Path.Combine(folder.PathOf("missing"), "model.onnx")));
        Assert.Contains("model.onnx", error.Message, StringComparison.Ordinal);
        Assert.Empty(folder.Files());
    }

    [Theory]
    [InlineData(16)]
    [InlineData(21)]
    public void OperatorSetThatIsNotSupportedIsRefused(int opset)
    {
        VisionModel model = ModelRegistry.Find("polaformer_pp_cifar").Create();
        var error = Assert.Throws<ArgumentException>(() => OnnxExporter.Trace(model, new OnnxExportOptions { Opset = opset }));
        Assert.Contains("17", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FrozenNetworkIsRefusedWithAReason()
    {
        VisionModel model = ModelRegistry.Find("polaformer_pp_cifar").Create();
        model.Initialize(1);
        model.OptimizeForInference();
        var error = Assert.Throws<ArgumentException>(() => OnnxExporter.Trace(model, new OnnxExportOptions()));
        Assert.Contains("OptimizeForInference", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NetworkBeyondTwoGigabytesIsRefusedWithAReason()
    {
        using IDisposable meta = new MetaDevice().Use();
        VisionModel model = ModelRegistry.Find("pola_pvt_tiny").Create(new ModelOptions { NumClasses = 1_200_000 });
        var error = Assert.Throws<ArgumentException>(() => OnnxExporter.Trace(model, new OnnxExportOptions()));
        Assert.Contains("2 GB", error.Message, StringComparison.Ordinal);
    }

    private static string[] Extents(ValueInfoProto value) =>
        [.. value.Type.TensorType.Shape.Dim.Select(extent => extent.DimParam.Length > 0 ? extent.DimParam : $"{extent.DimValue}")];
}
