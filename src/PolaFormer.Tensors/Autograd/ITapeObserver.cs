namespace PolaFormer.Tensors.Autograd;

/// <summary>Is called for every operator that a thread's tapes record, and for the gradients of their backward passes.</summary>
public interface ITapeObserver
{
    /// <summary>An operator has computed and been recorded.</summary>
    void Recorded(Operator op, Tensor output);

    /// <summary>The backward pass of an operator has computed the gradient of one of its inputs.</summary>
    void GradientComputed(Operator op, Columns gradient);

    /// <summary>The backward pass has added to the gradient of a tensor that no operator produced, such as a parameter.</summary>
    void LeafGradientAdded(Tensor leaf)
    {
    }
}
