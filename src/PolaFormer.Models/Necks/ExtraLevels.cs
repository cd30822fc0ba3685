namespace PolaFormer.Models.Necks;

/// <summary>What a feature pyramid's levels beyond the backbone's are made of.</summary>
public enum ExtraLevels
{
    /// <summary>Every second place of the last output.</summary>
    Pooled,

    /// <summary>Convolutions of stride 2, the first on the backbone's last map.</summary>
    OnInput,

    /// <summary>Convolutions of stride 2, the first on the last lateral map.</summary>
    OnLateral,

    /// <summary>Convolutions of stride 2, the first on the last output.</summary>
    OnOutput,
}
