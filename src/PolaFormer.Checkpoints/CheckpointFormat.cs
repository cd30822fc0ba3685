namespace PolaFormer.Checkpoints;

/// <summary>How a checkpoint is laid out in its file.</summary>
public enum CheckpointFormat
{
    /// <summary>A JSON header followed by raw little-endian data.</summary>
    Safetensors,

    /// <summary>The zip archive <c>torch.save</c> writes since PyTorch 1.6.</summary>
    TorchZip,

    /// <summary>The row of pickles <c>torch.save</c> wrote before PyTorch 1.6.</summary>
    TorchLegacy,
}
