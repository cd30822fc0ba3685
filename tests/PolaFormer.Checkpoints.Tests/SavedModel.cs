using PolaFormer.Models;
using PolaFormer.NN;

namespace PolaFormer.Checkpoints.Tests;

/// <summary>Small networks, and their state dicts as files that differ from it in one respect.</summary>
internal static class SavedModel
{
    public static VisionModel Made(string name = "polaformer_pp_cifar", ulong seed = 1)
    {
        VisionModel model = name == "swin"
            ? new Swin(new SwinConfig { ImageSize = 64, NumClasses = 3, EmbedDim = 8, Depths = [1, 2], NumHeads = [1, 2], WindowSize = 4, SoftmaxWindowSize = 4, AttnType = "SS" })
            : ModelRegistry.Find(name).Create();
        model.Initialize(seed);
        return model;
    }

    /// <summary>The state dict as a safetensors file in memory, each tensor renamed and changed, or left out.</summary>
    public static Checkpoint Open(Module model, Func<CheckpointTensor, IEnumerable<CheckpointTensor>> change, IReadOnlyDictionary<string, string>? metadata = null)
    {
        string path = Path.GetTempFileName();
        try
        {
            SafetensorsWriter.Write(path, model.StateDict().Select(entry => new CheckpointTensor(entry.Name, entry.Tensor.DType, entry.Tensor.Shape, entry.Tensor.AsBytes().ToArray())).SelectMany(change), metadata);
            return Checkpoint.Parse(File.ReadAllBytes(path), "test");
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>The same file with other names.</summary>
    public static Checkpoint Renamed(Module model, Func<string, string> rename) => Open(model, tensor => [Named(tensor, rename(tensor.Name))]);

    public static CheckpointTensor Named(CheckpointTensor tensor, string name) => new(name, tensor.DType, tensor.Shape, BytesOf(tensor));

    public static byte[] BytesOf(CheckpointTensor tensor)
    {
        var content = new List<byte>();
        tensor.Stream(chunk => content.AddRange(chunk.Span));
        return [.. content];
    }

    public static void AssertSameParameters(Module expected, Module actual)
    {
        foreach (((string name, Parameter left), (_, Parameter right)) in expected.NamedParameters().Zip(actual.NamedParameters()))
            Assert.True(left.AsBytes().SequenceEqual(right.AsBytes()), name);
    }
}
