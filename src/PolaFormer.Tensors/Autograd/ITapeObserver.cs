namespace PolaFormer.Tensors.Autograd;

/// <summary>Sees every operator that a thread's tapes record and walk.</summary>
public interface ITapeObserver
{
    /// <summary>An operator has computed and been recorded.</summary>
    void Recorded(Operator op, Tensor output);

    /// <summary>An operator hands on the gradient of one of its inputs.</summary>
    void HandsOn(Operator op, Columns gradient);
}
