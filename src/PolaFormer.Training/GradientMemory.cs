using PolaFormer.Distributed;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Training;

/// <summary>Where gradients of micro-batches add up, and how they go from worker to worker: numbers one after the other, in a tensor.</summary>
internal abstract class GradientMemory : IDisposable
{
    /// <summary>Whether messages are queued on the device, so that calls return before they are done and no thread waits for them.</summary>
    public abstract bool IsQueued { get; }

    /// <summary>A tensor of undefined contents that stays.</summary>
    public Tensor New(int length) => MemoryScope.OutsideScopes(() => Device.Empty([length]));

    /// <summary>Device of the tensors.</summary>
    protected abstract Device Device { get; }

    /// <summary>Copies a parameter's gradient to a place; zeros where it has none.</summary>
    public void TakeGradient(Parameter parameter, Tensor sum, int place)
    {
        if (parameter.Grad is { } gradient)
            Take(gradient, sum, place);
        else
            Part(sum, place, (int)parameter.Count).Fill(0);
    }

    /// <summary>Copies values to a place.</summary>
    public abstract void Take(Tensor values, Tensor sum, int place);

    /// <summary>Replaces a parameter's gradient by the numbers of a place.</summary>
    public abstract void PutGradient(Tensor sum, int place, Parameter parameter);

    /// <summary>Replaces values by the numbers of a place over how many were added up.</summary>
    public abstract void PutMean(Tensor sum, int place, Tensor values, int count);

    /// <summary>Adds numbers to the same places of sums.</summary>
    public abstract void Add(Tensor sums, Tensor numbers, int start, int count);

    /// <summary>Replaces numbers by their sums over all workers.</summary>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public abstract void SumOverWorkers(Tensor sum, int start, int count, bool isRing);

    /// <summary>Sends all numbers to a worker that receives them.</summary>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public abstract void Send(int to, Tensor sum);

    /// <summary>Receives what a worker sends.</summary>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public abstract void Receive(int from, Tensor sum);

    /// <summary>Replaces all numbers by those of worker 0.</summary>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public abstract void Broadcast(Tensor sum);

    /// <summary>Makes sure that what is read from here on has come with the messages so far.</summary>
    public virtual void WaitForMessages()
    {
    }

    /// <summary>Leaves the other devices, where they are joined.</summary>
    public virtual void Dispose()
    {
    }

    /// <summary>Some of the numbers, as a view.</summary>
    protected static Tensor Part(Tensor sum, int start, int count) => sum.Slice(0, start, count);
}
