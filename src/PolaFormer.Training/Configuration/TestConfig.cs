namespace PolaFormer.Training.Configuration;

/// <summary>TEST: the evaluation.</summary>
public sealed class TestConfig
{
    /// <summary>CROP: resize to 256/224 of the size and crop the centre; resize to the size itself where false.</summary>
    public bool Crop { get; set; } = true;
}
