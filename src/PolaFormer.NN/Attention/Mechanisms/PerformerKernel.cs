namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>Which kernel the random features of a <see cref="PerformerAttention"/> approximate.</summary>
public enum PerformerKernel
{
    /// <summary>exp(q·k), by positive features.</summary>
    Softmax,

    /// <summary>ReLU of the projections.</summary>
    Relu,
}
