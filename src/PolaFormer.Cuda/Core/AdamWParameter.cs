using System.Runtime.InteropServices;

namespace PolaFormer.Cuda.Core;

/// <summary>A row of the table that AdamW's kernel reads, in the GPU's memory (optimizer.cu).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AdamWParameter
{
    /// <summary>Addresses of floats.</summary>
    public nint Weight, Gradient, Mean, Square;

    /// <summary>Address of a copy in bfloat16 that is kept up to date, or 0.</summary>
    public nint Copy;

    /// <summary>Number of its first element among those of all parameters in the table's order, and how many it has.</summary>
    public long First, Count;

    /// <summary>1 − rate·decay, and rate/(1 − β₁ᵗ).</summary>
    public float Keep, StepSize;
}
