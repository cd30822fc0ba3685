using PolaFormer.Models;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Measurement;

/// <summary>Size and work of an architecture at its published resolution.</summary>
/// <param name="Entry">The architecture.</param>
/// <param name="Parameters">Trainable values.</param>
/// <param name="Macs">Multiply-accumulates for one image.</param>
public sealed record ModelSummary(ModelEntry Entry, long Parameters, long Macs)
{
    /// <summary>Walks one forward pass without arithmetic.</summary>
    public static ModelSummary Of(ModelEntry entry)
    {
        var meta = new MetaDevice();
        using IDisposable use = meta.Use();
        using var scope = MemoryScope.Enter();
        VisionModel model = entry.Create();
        model.Evaluate();
        model.Forward(Tensor.Empty([1, entry.ImageSize, entry.ImageSize, 3]));
        return new ModelSummary(entry, model.ParameterCount, meta.MultiplyAccumulates);
    }
}
