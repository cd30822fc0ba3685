using PolaFormer.Checkpoints;

namespace PolaFormer.Onnx;

/// <summary>How a network is written to ONNX.</summary>
public sealed record OnnxExportOptions
{
    /// <summary>Oldest operator set with a layer normalisation.</summary>
    public const int MinOpset = 17;

    /// <summary>Newest operator set that the exporter has been tried with.</summary>
    public const int MaxOpset = 20;

    /// <summary>Version of the ONNX operator set, from <see cref="MinOpset"/> to <see cref="MaxOpset"/>; 20 writes GELU as one operator.</summary>
    public int Opset { get; init; } = MinOpset;

    /// <summary>How the learned power is written.</summary>
    public PowerForm Power { get; init; } = PowerForm.ExpLog;

    /// <summary>Architecture, labels and normalisation, written as metadata where given.</summary>
    public ModelDescription? Description { get; init; }
}
