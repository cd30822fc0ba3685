namespace PolaFormer.Onnx;

/// <summary>How the learned power of polarity attention, xᵖ with x ≥ 0, is written.</summary>
public enum PowerForm
{
    /// <summary>exp(p·log x): ONNX Runtime computes both in vectors. log 0 = −∞ gives the 0 that 0ᵖ is.</summary>
    ExpLog,

    /// <summary>The operator Pow: the plain graph, but ONNX Runtime computes one value at a time.</summary>
    Pow,
}
