namespace PolaFormer.Tensors.Kernels;

/// <summary>What a depthwise convolution does to its sums before it stores them: y = (sum (+ x) (+ Addend))·(Gate).</summary>
internal unsafe struct DepthwiseFinish
{
    /// <summary>Whether the input is added.</summary>
    public bool AddsInput;

    /// <summary>Null, or an image laid out as the output.</summary>
    public float* Addend;

    /// <summary>Null, or factors, <see cref="GateStride"/> floats from pixel to pixel.</summary>
    public float* Gate;
    public nint GateStride;

    /// <summary>Null, or where what the gate multiplies goes; laid out as the output.</summary>
    public float* Sum;
}
